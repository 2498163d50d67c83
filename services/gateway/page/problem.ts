/** Why the gateway refused: the `detail` of an application/problem+json answer (RFC 9457). */
export async function reasonOf(response: Response): Promise<string> {
  try {
    const { detail, title } = (await response.json()) as { detail?: string; title?: string };
    return detail ?? title ?? `The gateway answered ${response.status}`;
  } catch {
    return `The gateway answered ${response.status}`; // Not ours: a proxy's own page.
  }
}
