import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join, posix } from 'node:path';
import { type MirrorFile, readManifest } from './manifest.ts';

/**
 * Serves a mirror's folder over HTTP: GET, HEAD, single ranges, and a page of links for each folder, good for
 * `pip install --find-links`. Only what the manifest lists is there, so no path leads out of the folder.
 */
export function mirrorServer(folder: string): Server {
  const files = new Map(readManifest(folder).files.map((file) => [`/${file.path}`, file]));
  return createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'only GET and HEAD\n');
    const path = pathOf(request);
    const file = files.get(path);
    if (file) return sendFile(request, response, join(folder, file.path), file);
    const page = listing(path, [...files.values()]);
    if (page === null) return end(response, 404, 'not found\n');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    end(response, 200, page);
  });
}

function pathOf(request: IncomingMessage): string {
  try {
    return posix.normalize(decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/'));
  } catch {
    // A broken %-escape is the name of nothing.
    return '\0';
  }
}

/** Links to what is directly in a folder, wheels with their hash so that pip checks it; null when there is no such folder. */
function listing(path: string, files: readonly MirrorFile[]): string | null {
  const base = path.endsWith('/') ? path : `${path}/`;
  const links = new Map<string, string>();
  for (const file of files) {
    if (!`/${file.path}`.startsWith(base)) continue;
    const [name = '', ...deeper] = file.path.slice(base.length - 1).split('/');
    const href = base + encodeURIComponent(name);
    if (deeper.length > 0) links.set(`${name}/`, `${href}/`);
    else links.set(name, `${href}#sha256=${file.sha256}`);
  }
  if (links.size === 0) return null;
  const lines = [...links]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, href]) => `<a href="${href}">${name}</a><br>`);
  return `<!DOCTYPE html>\n<title>${base}</title>\n${lines.join('\n')}\n`;
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  { size, sha256 }: MirrorFile,
): void {
  const etag = `"${sha256}"`;
  response.setHeader('accept-ranges', 'bytes');
  response.setHeader('etag', etag);
  response.setHeader('content-type', path.endsWith('.sha512') ? 'text/plain' : 'application/octet-stream');
  const sameFile = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  const range = sameFile ? parseRange(request.headers.range, size) : null;
  if (range === 'outside') {
    response.setHeader('content-range', `bytes */${size}`);
    end(response, 416, '');
    return;
  }
  const { start, end: last } = range ?? { start: 0, end: size - 1 };
  response.setHeader('content-length', last - start + 1);
  if (range) response.setHeader('content-range', `bytes ${start}-${last}/${size}`);
  response.writeHead(range ? 206 : 200);
  if (request.method === 'HEAD' || size === 0) {
    response.end();
    return;
  }
  const stream = createReadStream(path, { start, end: last });
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

/** The one range that a Range header asks for; null (send all) for none, several, or what is not understood, as RFC 9110 allows. */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'outside' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const [first, last] = [match[1], match[2]].map((part) => (part ? Number(part) : undefined));
  if (first === undefined) return last === 0 ? 'outside' : { start: Math.max(0, size - (last ?? 0)), end: size - 1 };
  if (first >= size) return 'outside';
  if (last !== undefined && last < first) return null;
  return { start: first, end: Math.min(last ?? size - 1, size - 1) };
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(text) });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}
