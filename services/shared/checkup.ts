/** Payload of `{prefix}/{id}/doctor`: what the doctor found, as `npm run doctor -- --json` prints it, with the id under which it was asked for. */
import * as v from 'valibot';

/** Of one doctor's answer: bytes, findings, and characters of a text; 12 findings of one camera have 2 kB. */
export const MAX_CHECKUP_BYTES = 128 << 10;
const MAX_FINDINGS = 256;
const MAX_TEXT = 4_000;
const MAX_GROUPS = 128;

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT));
const checkup = v.object({
  /** As whoever asked has named it. */
  id: v.optional(v.pipe(v.string(), v.maxLength(64))),
  /** A picture can come. */
  ok: v.boolean(),
  /** The same in a sentence; if not, with what keeps it away and the remedy. */
  summary: text,
  /** Where the doctor looked, and as whom. */
  machine: v.object({ model: text, system: text, user: text, groups: v.pipe(v.array(text), v.maxLength(MAX_GROUPS)) }),
  findings: v.pipe(
    v.array(
      v.object({
        topic: text,
        /** False: it keeps the picture away. Null: worth knowing, but the picture can come. */
        ok: v.nullable(v.boolean()),
        subject: text,
        /** It reads on from the subject. */
        text: text,
        /** What mends it; what is to be typed stands between backticks. */
        remedy: v.nullable(text),
      }),
    ),
    v.maxLength(MAX_FINDINGS),
  ),
});

export type Checkup = v.InferOutput<typeof checkup>;

/** Null when it is none, as of who publishes anything there; members that it has besides are left out. */
export function readCheckup(json: Buffer): Checkup | null {
  if (json.length > MAX_CHECKUP_BYTES) return null;
  try {
    const { success, output } = v.safeParse(checkup, JSON.parse(json.toString()));
    return success ? output : null;
  } catch {
    return null; // Not even JSON.
  }
}
