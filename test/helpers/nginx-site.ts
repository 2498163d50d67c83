import type { Scope } from './cleanup.ts';
import { freePort } from './free-port.ts';
import { deployed, startNginx } from './nginx.ts';
import { makeCertificate } from './site-certificate.ts';

/** A site of somebody's own behind a real nginx, by HTTPS, with HomeGuard below /cams/ as deploy/nginx has it; its address. @param to the gateway's port */
export async function startSite(t: Scope, to: number): Promise<string> {
  const [port, { path, keyPath }] = [await freePort(), makeCertificate(t)];
  const site = `server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${path};
    ssl_certificate_key ${keyPath};
    include snippets/homeguard-cams.conf;
  }`;
  const files = {
    'conf.d/homeguard-gateway.conf': deployed('nginx/conf.d/homeguard-gateway.conf', { '127.0.0.1:8080': `127.0.0.1:${to}` }),
    'snippets/homeguard-proxy.conf': deployed('nginx/snippets/homeguard-proxy.conf'),
    'snippets/homeguard-cams.conf': deployed('nginx/snippets/homeguard-cams.conf'),
    'sites-enabled/site.conf': site,
  };
  await startNginx(t, files, port);
  return `https://127.0.0.1:${port}/cams/`;
}
