import type { Station } from '../station.ts';
import type { Language } from '../words/choice.ts';
import type { Words } from '../words/en.ts';

/** What every part of the page needs. */
export interface Ui {
  station: Station;
  words: Words;
  /** A short word that goes away by itself. */
  say(text: string): void;
  speak(language: Language): void;
  /** Sets a camera's setting, and tells why it was refused; null when it was not. */
  set(id: string, setting: string, value: string): Promise<string | null>;
  /** Whether one can log out. */
  hasLogin: boolean;
}
