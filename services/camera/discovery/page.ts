/** The address of the gateway's page, as anybody may have told it. Pure. */
import * as v from 'valibot';
import { pageUrl } from '../../shared/setting-rules.ts';

/** Longer than any that people would type. */
const MAX_ADDRESS = 512;

/** The address; null for one that Home Assistant would not open, for which it would refuse the whole message. */
export function readPage(payload: string): string | null {
  const { success, output } = v.safeParse(v.pipe(v.string(), v.maxLength(MAX_ADDRESS), pageUrl.read), payload);
  // What URL makes of it has no characters that others take another way.
  return success ? new URL(output).href : null;
}
