const BLOCK = 512;

/**
 * An uncompressed tar of regular files (POSIX ustar). The names are ours and short, so no extension of the format is needed; the
 * paths that a playbook's files have travel in one of the files.
 */
export function tarOf(files: readonly (readonly [name: string, content: Uint8Array])[]): Uint8Array {
  const parts = files.flatMap(([name, content]) => [header(name, content.length), content, padding(content.length)]);
  // Two empty blocks are the end.
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

const padding = (length: number): Buffer => Buffer.alloc((BLOCK - (length % BLOCK)) % BLOCK);

function header(name: string, length: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits - 1, '0')}\0`;
  block.write(name, 0);
  block.write(octal(0o600, 8), 100);
  // Owner and group: 0, and not used.
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(length, 12), 124);
  block.write(octal(0, 12), 136);
  // The checksum is made with blanks in its own place.
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
