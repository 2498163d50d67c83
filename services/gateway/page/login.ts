/** The login form in the language of the page, and with the time that one has to wait. Without it the form works as it stands. */
import { de, en, type LoginWords } from './login-words.ts';
import { wasSessionOver } from './session-over.ts';
import { keepLanguage, readLanguage } from './words/choice.ts';

const WORDS = { en, de };
let language = readLanguage();

const error = document.querySelector<HTMLElement>('.error') ?? newError();
const toggle = document.querySelector<HTMLButtonElement>('#language');
/** When one may try again, on the monotonic clock in ms. */
const free = performance.now() + Number(error?.dataset.seconds ?? 0) * 1000;

function newError(): HTMLElement | null {
  if (!wasSessionOver()) return null;
  const element = document.createElement('p');
  element.className = 'error calm';
  element.role = 'status';
  element.dataset.error = 'session-over';
  document.querySelector('form')?.prepend(element);
  return element;
}

function draw(): void {
  const words = WORDS[language];
  document.documentElement.lang = language;
  document.title = words.title;
  for (const element of document.querySelectorAll<HTMLElement>('[data-word]')) {
    element.textContent = words[element.dataset.word as 'name' | 'password' | 'logIn' | 'hint'];
  }
  if (toggle) {
    toggle.hidden = false;
    toggle.textContent = words.other;
    toggle.lang = language === 'en' ? 'de' : 'en';
  }
  tell(words);
}

function tell(words: LoginWords): void {
  if (!error) return;
  const { dataset } = error;
  const code = dataset.error as keyof LoginWords['errors'] | undefined;
  const wait = Math.ceil((free - performance.now()) / 1000);
  const text = code === 'too-many' && wait <= 0 ? words.tryNow : code && words.errors[code]?.({ ...dataset, seconds: String(wait) });
  // A reader would say it again and again.
  if (text && text !== error.textContent) error.textContent = text;
}

// Whoever logs in comes to the camera that the address names: what stands behind # is lost by a form, but kept by the answer to it.
const form = document.querySelector('form');
if (form) form.action += location.hash;

toggle?.addEventListener('click', () => {
  language = language === 'en' ? 'de' : 'en';
  keepLanguage(language);
  draw();
});
draw();
if (error?.dataset.error === 'too-many') {
  // Each second would be read aloud.
  error.setAttribute('aria-live', 'off');
  const timer = setInterval(() => {
    tell(WORDS[language]);
    if (performance.now() < free) return;
    clearInterval(timer);
    error.setAttribute('aria-live', 'polite');
  }, 1_000);
}
