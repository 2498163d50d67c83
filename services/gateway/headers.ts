import type { Context, MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

/** What `Host` may be to stand in another header. */
const HOST = /^[\w.:[\]-]{1,255}$/;
const NOTHING: [] = [];

/** Headers by which browsers keep other sites out of the page, and the page to its own files. What a handler has set itself stays. */
export function securityHeaders(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      fontSrc: ["'self'"],
      manifestSrc: ["'self'"],
      workerSrc: ["'self'"],
      imgSrc: ["'self'", 'blob:', 'data:'],
      // Older browsers do not take 'self' for WebSockets, too (CSP3, 6.7.2.8).
      connectSrc: ["'self'", ownSockets],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'self'"],
    },
    permissionsPolicy: {
      ...{
        camera: NOTHING,
        microphone: NOTHING,
        geolocation: NOTHING,
        usb: NOTHING,
        serial: NOTHING,
        payment: NOTHING,
      },
      fullscreen: ['self'],
    },
    // Not no-referrer: with it browsers send `Origin: null` from our own forms (Fetch, 3.2).
    referrerPolicy: 'same-origin',
    // Over plain HTTP this would only make later visits fail; the proxy that adds TLS adds it as well.
    strictTransportSecurity: false,
    overwrite: false,
  });
}

function ownSockets(c: Context): string {
  const host = c.req.header('Host') ?? '';
  return HOST.test(host) ? `ws://${host} wss://${host}` : '';
}
