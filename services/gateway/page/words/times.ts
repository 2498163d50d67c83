/** Times as the page tells them. */
import { en, type Words } from './en.ts';

/** How old a picture is: `12 ms`, `3.4 s`, `42 s`, `5 min 20 s`, `2 h 5 min`, `3 days`; never negative. */
export function duration(ms: number, words: Words = en): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${number(seconds, words)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return words.days(Math.floor(hours / 24));
}

/** How long something has been so, roughly, as it is read at leisure: `just now`, `40 s ago`, `5 min ago`, `2 h 5 min ago`. */
export function ago(ms: number, words: Words = en): string {
  if (ms < 5_000) return words.justNow;
  const time = duration(ms, words);
  return words.ago(ms < 3_600_000 ? time.replace(/ min .*/, ' min').replace(/[.,]\d/, '') : time);
}

/** With one decimal, as the language writes it: `29.9`, `29,9`. */
export function number(value: number, words: Words = en): string {
  return value.toFixed(1).replace('.', words.decimal);
}

/** `10:38:45`, with the date before it when that is not today's; both in this machine's time zone. */
export function moment(at: number, now: number): string {
  const [date, time] = local(at);
  return date === local(now)[0] ? time : `${date} ${time}`;
}

/** `front-2026-11-22_10-38-45.jpg` */
export function snapshotName(id: string, at: number): string {
  const [date, time] = local(at);
  return `${id}-${date}_${time.replaceAll(':', '-')}.jpg`;
}

function local(at: number): [date: string, time: string] {
  const d = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return [
    `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`,
    `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`,
  ];
}

/** With a capital at its beginning and a full stop at its end, if it has no end of its own. */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return begun === '' || /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
