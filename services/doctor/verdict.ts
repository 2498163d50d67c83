/** Findings -> can a picture come? Pure. */
import type { Finding } from './finding.ts';

export interface Verdict {
  ok: boolean;
  /** In a sentence or two; if not, with the first thing that keeps a picture away, and its remedy. */
  summary: string;
}

/** What HomeGuard's own services show on the bus: pictures of all cameras; that they run; that they do not; nothing, for it could not be asked. */
export type Life = 'showing' | 'running' | 'stopped' | 'unknown';

/** @param cameras how many the settings have */
export function verdict(findings: Finding[], cameras: number, life: Life): Verdict {
  const first = findings.find(({ ok }) => ok === false);
  if (first) {
    const what = cameras > 1 ? 'Not every picture can come' : 'No picture can come';
    return { ok: false, summary: `${what}: ${first.subject} ${ended(first.text)} ${first.remedy ?? ''}`.trimEnd() };
  }
  if (life === 'showing') return { ok: true, summary: cameras > 1 ? 'All pictures come.' : 'The picture comes.' };
  const isGuess = findings.some(({ topic, ok }) => topic === 'holder' && ok === null);
  const unless = isGuess ? ', unless a program that we do not see has the camera' : '';
  const start = life === 'stopped' ? ' HomeGuard does not run now.' : '';
  return { ok: true, summary: `${cameras > 1 ? 'Pictures' : 'A picture'} can come${unless}.${start}` };
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
