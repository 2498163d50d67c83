/** An examination -> lines for people. Pure. */
import type { Examination } from './examine.ts';
import type { Finding } from './finding.ts';
import { placeInWords } from './machine.ts';

export interface Look {
  colours: boolean;
  /** The letters of the text console of Linux, which has no ✔. */
  plain: boolean;
}

/** A longer subject, a path usually, pushes only its own line. */
const MAX_SUBJECT = 24;
const GREEN = 32;
const YELLOW = 33;
const RED = 31;
const BOLD = 1;

export function printed({ ok, summary, machine, findings }: Examination, look: Look): string {
  const { model, system, user, uid, groups, place } = machine;
  const topicWidth = Math.max(...findings.map(({ topic }) => topic.length));
  const subjectWidth = Math.min(MAX_SUBJECT, Math.max(...findings.map(({ subject }) => subject.length)));
  const lines = findings.flatMap((finding, i) => {
    const topic = finding.topic === findings[i - 1]?.topic ? '' : finding.topic;
    const said = clean(`${topic.padEnd(topicWidth)}  ${finding.subject.padEnd(subjectWidth)}  ${finding.text}`);
    return [`${mark(finding.ok, look)} ${said}`, ...remedyLines(finding, topicWidth, look)];
  });
  return [
    clean(`HomeGuard's doctor on ${model}: ${system}`),
    clean(`User ${user} (${uid}), groups ${groups.join(' ')}, ${placeInWords(place)}`),
    '',
    ...lines,
    '',
    `${mark(ok, look)} ${withoutTicks(summary, look)}`,
    '',
  ].join('\n');
}

function remedyLines({ remedy }: Finding, indent: number, look: Look): string[] {
  return remedy === null ? [] : [`${' '.repeat(indent + 4)}${look.plain ? '->' : '→'} ${withoutTicks(remedy, look)}`];
}

function mark(ok: boolean | null, look: Look): string {
  if (ok === null) return paint('!', YELLOW, look);
  if (look.plain) return ok ? paint('+', GREEN, look) : paint('x', RED, look);
  return ok ? paint('✔', GREEN, look) : paint('✘', RED, look);
}

/** Where colours can tell what is to be typed, the backticks go: a shell would take them for something else. */
function withoutTicks(text: string, look: Look): string {
  return look.colours ? clean(text).replace(/`([^`]*)`/g, (_, typed: string) => paint(typed, BOLD, look)) : clean(text);
}

function paint(text: string, code: number, { colours }: Look): string {
  return colours ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** Devices and other people's services name themselves: nothing of that may steer a terminal. */
function clean(text: string): string {
  return text.replace(/\p{Cc}/gu, '');
}
