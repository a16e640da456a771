import { FILE_SHELL } from '../../modules/_file/shell.ts';
import { SYSTEMD_SHELL } from '../../modules/_systemd/shell.ts';
import {
  APT_SHELL,
  DEBS_SHELL,
  HOLD_SHELL,
  INSTALL_SHELL,
  REMOVE_SHELL,
  SERVICES_SHELL,
} from '../../modules/apt/shell.ts';
import { FETCH_SHELL } from '../../modules/apt_repository/shell.ts';
import { COPY_SHELL } from '../../modules/copy/shell.ts';
import { EXTRACT_SHELL } from '../../modules/download_extract/shell.ts';
import { FILE_TREE_SHELL } from '../../modules/file/shell.ts';
import { GIT_SHELL } from '../../modules/git/shell.ts';
import { LINE_SHELL } from '../../modules/line/shell.ts';
import { PIP_SHELL } from '../../modules/pip/shell.ts';
import { UFW_SHELL } from '../../modules/ufw/shell.ts';

/** Shell functions that many steps begin with, and the line that stands for them in a `cases.yaml`. */
const SHARED: Readonly<Record<string, string>> = {
  '<apt_repository>': FETCH_SHELL,
  '<apt>': APT_SHELL,
  '<apt debs>': DEBS_SHELL,
  '<apt hold>': HOLD_SHELL,
  '<apt install>': INSTALL_SHELL,
  '<apt remove>': REMOVE_SHELL,
  '<apt services>': SERVICES_SHELL,
  '<copy>': COPY_SHELL,
  '<download_extract>': EXTRACT_SHELL,
  '<git>': GIT_SHELL,
  '<file>': FILE_TREE_SHELL,
  '<line>': LINE_SHELL,
  '<pip>': PIP_SHELL,
  '<ufw>': UFW_SHELL,
  '<_file>': FILE_SHELL,
  '<_systemd>': SYSTEMD_SHELL,
};

export function nameShared(script: string): string {
  return Object.entries(SHARED).reduce((text, [name, shell]) => text.replaceAll(shell, name), script);
}
