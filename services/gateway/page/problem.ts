/** Why the gateway refused: the `detail` of an application/problem+json answer (RFC 9457). */
export async function reasonOf(response: Response): Promise<string> {
  try {
    const { detail, title } = (await response.json()) as { detail?: string; title?: string };
    return detail ?? title ?? `The gateway answered ${response.status}`;
  } catch {
    return `The gateway answered ${response.status}`; // Not ours: a proxy's own page.
  }
}

/** Why there is no stream at this address; null when there is one. */
export async function refusalOf(path: string): Promise<string | null> {
  const enough = new AbortController();
  try {
    const response = await fetch(path, { cache: 'no-store', signal: enough.signal });
    return response.ok ? null : await reasonOf(response);
  } catch {
    return 'HomeGuard does not answer';
  } finally {
    enough.abort();
  }
}
