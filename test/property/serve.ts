import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Lab } from './spec.ts';

/** A web server on this machine's address in the lab's network, for what specs want their hosts to fetch. */
export async function openLab(address: string): Promise<Lab & { close(): void }> {
  const pages = new Map<string, string | Uint8Array>();
  const server = createServer((request, response) => {
    const page = pages.get(request.url ?? '');
    response.writeHead(page === undefined ? 404 : 200).end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    origin: `http://${address}:${(server.address() as AddressInfo).port}`,
    serve: (path, content) => {
      pages.set(path, content);
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
