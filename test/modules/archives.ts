import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32, deflateRawSync } from 'node:zlib';
import { downloadExtract } from '../../modules/download_extract/download_extract.ts';
import { applyResource } from './converge.ts';
import type { TempHost } from './host.ts';
import { prepared } from './judge.ts';

type Answer = Buffer | string | ((request: IncomingMessage, response: ServerResponse) => void);

/** A web server that answers by path as it is told; anything else is 404. It knows ranges, as real mirrors do. */
export class Mirror {
  readonly pages = new Map<string, Answer>();
  /** Every request: its path, and from which byte on. */
  readonly asked: string[] = [];
  readonly #server: Server = createServer((request, response) => {
    const path = request.url ?? '';
    this.asked.push(`${path}${request.headers.range ? ` ${request.headers.range}` : ''}`);
    const page = this.pages.get(path);
    if (typeof page === 'function') page(request, response);
    else if (page === undefined) response.writeHead(404).end();
    else whole(Buffer.from(page), request, response);
  });

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get base(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** An archive and the file with its checksum. */
  publish(content: Buffer, name = 'tool-1.tgz'): void {
    this.pages.set(`/${name}`, content);
    this.pages.set(`/${name}.sha512`, `${sha('sha512', content)}  ${name}\n`);
  }
}

/** What a good server does: all of it, or the range that was asked for. */
export function whole(content: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(from ?? 0);
  if (from === undefined) response.writeHead(200, { 'content-length': content.length }).end(content);
  else if (start >= content.length) response.writeHead(416).end();
  else {
    response
      .writeHead(206, {
        'content-length': content.length - start,
        'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
      })
      .end(content.subarray(start));
  }
}

/** Says that it gives all, gives the first bytes of it and hangs up. */
export const half =
  (content: Buffer, bytes = content.length >> 1) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, bytes), () => response.destroy());
  };

export const status =
  (code: number) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(code).end('sorry');
  };

export const sha = (algorithm: string, content: Buffer): string => createHash(algorithm).update(content).digest('hex');

/** What a script that runs in a fresh folder prints: an archive. */
export function archive(script: string): Buffer {
  return execFileSync('/bin/sh', ['-ec', `t=$(mktemp -d); trap 'rm -rf "$t"' EXIT; cd "$t"; ${script}`], {
    maxBuffer: 1e8,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Names that quoting goes wrong with, links of both kinds, an empty folder. */
export const TREE = `mkdir -p tool-1/bin 'tool-1/it'"'"'s $HOME' tool-1/empty
echo run >tool-1/bin/run; chmod 755 tool-1/bin/run; ln -s bin/run tool-1/go; ln tool-1/bin/run tool-1/bin/also
echo x >'tool-1/it'"'"'s $HOME/a b'`;

export const TOOL = `${TREE}; tar -czf - tool-1`;

/** Enough that half of it is no header only, and that compressing makes it no smaller. */
export const LARGE = `${TREE}; head -c 300000 /dev/urandom >tool-1/noise; tar -czf - tool-1`;

export function apply(host: TempHost, args: Record<string, unknown>) {
  return applyResource(downloadExtract, prepared(downloadExtract, args), host);
}

/** What a script prints there. @throws Error when it fails */
export async function tell(host: TempHost, script: string): Promise<string> {
  const { code, stdout, stderr } = await host.run(`set -e\n${script}`);
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
  return stdout.trim();
}

interface Entry {
  readonly name: string;
  readonly content?: string | Buffer;
  /** As `stat` has it, with the type; none: a system without modes. */
  readonly mode?: number;
  /** What the archive claims, if not the truth. */
  readonly size?: number;
}

/** A zip archive as no program would make it. */
export function zip(...entries: readonly Entry[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content = '', mode, size } of entries) {
    const data = Buffer.from(content);
    const packed = deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(size ?? data.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(((mode ?? 0) << 16) >>> 0, 6);
    central.writeUInt32LE(offset, 10);
    const body = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
    const madeBy = Buffer.from([20, mode === undefined ? 0 : 3]);
    directory.push(Buffer.from('PK\x01\x02'), madeBy, common, central, Buffer.from(name));
    bodies.push(body);
    offset += body.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(list.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, list, Buffer.from('PK\x05\x06'), end]);
}

export const FILE = 0o100644;
export const LINK = 0o120777;
