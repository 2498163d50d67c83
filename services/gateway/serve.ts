/** Files of the page over HTTP: packed as the client takes them, and kept by it as long as they hold. */
import type { Context } from 'hono';
import { type Asset, CODINGS, type Coding } from './assets.ts';

/** What has its hash in its address is asked for once (RFC 8246); everything else is asked after each time, and is mostly still right. */
const FOR_GOOD = 'public, max-age=31536000, immutable';

/**
 * The file, or 304 for a client that has it; 404 without one.
 * @param caching who may keep it, if it is not what its address says
 */
export function serve(c: Context, asset: Asset | undefined, caching?: string): Response | Promise<Response> {
  if (!asset) return c.notFound();
  const { body, coding } = choose(asset, c.req.header('Accept-Encoding') ?? '');
  const etag = coding ? asset.etag.replace(/"$/, `-${coding}"`) : asset.etag;
  const headers = {
    'Content-Type': asset.type,
    ETag: etag,
    'Cache-Control': caching ?? (asset.isImmutable ? FOR_GOOD : 'no-cache'),
    Vary: 'Accept-Encoding',
    ...(coding && { 'Content-Encoding': coding }),
  };
  const known = c.req.header('If-None-Match')?.split(',') ?? [];
  // A proxy that packs by itself makes a weak validator of ours (RFC 9110, 13.1.2).
  if (known.some((each) => each.trim().replace(/^W\//, '') === etag)) return c.body(null, 304, headers);
  return c.body(new Uint8Array(body), 200, headers);
}

function choose(asset: Asset, accepted: string): { body: Buffer; coding: Coding | null } {
  for (const coding of CODINGS) {
    const body = takes(accepted, coding) && asset.packed(coding);
    if (body) return { body, coding };
  }
  return { body: asset.body, coding: null };
}

/** Whether an Accept-Encoding names this coding, with any weight but 0 (RFC 9110, 12.5.3). */
function takes(accepted: string, coding: Coding): boolean {
  return accepted
    .toLowerCase()
    .split(',')
    .some((each) => {
      const [name, weight = 'q=1'] = each.split(';').map((part) => part.trim());
      return name === coding && Number(weight.replace(/^q=/, '')) > 0;
    });
}
