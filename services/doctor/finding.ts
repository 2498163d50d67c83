/** What an examination finds. Shapes and their makers only; who judges stands in the files *-findings.ts. */

export type Topic =
  | 'settings'
  | 'program'
  | 'camera'
  | 'device'
  | 'formats'
  | 'permission'
  | 'holder'
  | 'usb'
  | 'power'
  | 'kernel'
  | 'data'
  | 'broker'
  | 'bridge'
  | 'service';

export interface Finding {
  topic: Topic;
  /** False: it keeps the picture of a camera away. Null: worth knowing, but the picture can come. */
  ok: boolean | null;
  /** What it is about: `ffmpeg`, `/dev/video0`, a camera's id. */
  subject: string;
  /** What was seen; it reads on from the subject. */
  text: string;
  /** What mends it, in sentences a beginner can follow; what is to be typed stands between backticks. */
  remedy: string | null;
}

export function well(topic: Topic, subject: string, text: string): Finding {
  return { topic, ok: true, subject, text, remedy: null };
}

export function hint(topic: Topic, subject: string, text: string, remedy: string): Finding {
  return { topic, ok: null, subject, text, remedy };
}

export function fault(topic: Topic, subject: string, text: string, remedy: string): Finding {
  return { topic, ok: false, subject, text, remedy };
}
