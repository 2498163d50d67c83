/** Why something was refused, for programs: `code` in a problem, with its values beside it. Pure. */

/** Code -> the values that go with it. */
export interface RefusalValues {
  /** Of a value that is not right for its setting: `min` and `max` of a number, and of a text's length. */
  'read-only': object;
  inactive: object;
  'on-or-off': object;
  'out-of-range': { min: number; max: number };
  /** `near` are one or two that would be taken. */
  step: { step: number; near: number[] };
  'not-offered': { options: string[] };
  'too-long': { max: number };
  /** `right` is the one that is missing: `control:front`. */
  'no-right': { right: string };
  'other-origin': object;
  'no-camera': object;
  'no-setting': object;
  /** The camera shows nothing; the problem has its condition. */
  dark: { condition: string };
  'too-many-commands': object;
  'too-many-viewers': { max: number };
  'no-answer': { seconds: number };
  /** The doctor comes again after so many seconds. */
  'too-soon': { seconds: number };
}

export type RefusalCode = keyof RefusalValues;

/** A code with its values, as a problem has them. */
export type Refused = { [Code in RefusalCode]: { code: Code } & RefusalValues[Code] }[RefusalCode];
