/** Who comes from another site is led on from here, by a page of ours. What stands behind # in the address is kept. */
import { de, en } from './login-words.ts';
import { readLanguage } from './words/choice.ts';

const link = document.querySelector('a') as HTMLAnchorElement;
const language = readLanguage();
document.documentElement.lang = language;
link.textContent = { en, de }[language].goOn;
location.replace(link.href + location.hash);
