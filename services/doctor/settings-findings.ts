/** Faults of the settings -> findings. Pure. */
import { type Finding, fault, well } from './finding.ts';

const REMEDY = 'Correct it, or leave it out: HomeGuard does not start before.';
/** An address may have a key behind its question mark. */
const QUERY = /\?[^"\s]+/g;

export function judgeSettings(faults: string[]): Finding[] {
  if (faults.length === 0) return [well('settings', 'all', 'have no fault')];
  return faults.map((each) => {
    const [, name = 'all', text = each] = /^([A-Z_]+) (.+)$/.exec(each) ?? [];
    return fault('settings', name, text.replace(QUERY, '?…'), REMEDY);
  });
}
