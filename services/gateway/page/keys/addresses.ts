/** The addresses of a camera, as other programs want them. Pure. */

/** What a machine calls itself; nobody else reaches it by that. */
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;

/** With a token where the password stands, for programs that can show nothing else; the name is any. */
export function withToken(address: string, token: string): string {
  const url = new URL(address);
  [url.username, url.password] = ['any', token];
  return url.href;
}

/** Is the page open at an address that only this machine knows? */
export function isOnlyHere(page: string): boolean {
  return LOOPBACK.test(new URL(page).hostname);
}

export interface Addresses {
  page: string;
  stream: string;
  snapshot: string;
  socket: string;
}

/** @param base the page's own address, without what stands behind # */
export function addressesOf(base: string, id: string): Addresses {
  const at = (path: string) => new URL(path, base).href;
  return {
    page: at(`#${encodeURIComponent(id)}`),
    stream: at(`cameras/${id}/stream`),
    snapshot: at(`cameras/${id}/snapshot`),
    socket: at(`cameras/${id}/ws`).replace(/^http/, 'ws'),
  };
}

/** A line for a shell that saves one picture. */
export function curlLine({ snapshot }: Pick<Addresses, 'snapshot'>, id: string, token: string): string {
  return `curl -H "Authorization: Bearer ${token}" -o ${id}.jpg ${snapshot}`;
}

/** An element for a page. */
export function imageTag(address: string, name: string): string {
  const attribute = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return `<img src="${attribute(address)}" alt="${attribute(name)}">`;
}
