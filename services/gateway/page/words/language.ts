import type { Language } from './choice.ts';
import { de } from './de.ts';
import { en, type Words } from './en.ts';

export function wordsOf(language: Language): Words {
  return language === 'de' ? de : en;
}
