import { Fragment, h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DialogName } from '../keys/open.ts';
import type { Language } from '../words/choice.ts';
import { ActionButton, Icon } from './icon.ts';
import type { Ui } from './ui.ts';

/** As style/menu.css has it of a phone held upright. */
const NARROW = matchMedia('(max-width: 620px)');

interface Props {
  ui: Ui;
  language: Language;
  /** Who may make users and tokens. */
  isAdmin: boolean;
  onOpen: (name: DialogName) => void;
}

/** What is there on every page: side by side, or, where there is no room for that, behind one button. */
export function Menu(props: Props): JSX.Element {
  const { words } = props.ui;
  const isNarrow = useNarrow();
  if (!isNarrow) return h(Entries, props);
  // Whatever is chosen, it has done its work then.
  const close = (event: MouseEvent) => (event.currentTarget as HTMLElement).hidePopover?.();
  return h(
    Fragment,
    null,
    h(
      'button',
      { type: 'button', class: 'action', id: 'more', popovertarget: 'more-menu', title: words.more, 'aria-label': words.more },
      h(Icon, { name: 'more' }),
    ),
    h('div', { class: 'more', id: 'more-menu', popover: 'auto', onClick: close }, h(Entries, props)),
  );
}

function Entries({ ui, language, isAdmin, onOpen }: Props): JSX.Element {
  const { words } = ui;
  const speak = () => ui.speak(language === 'en' ? 'de' : 'en');
  return h(
    Fragment,
    null,
    h(ActionButton, { id: 'connect', icon: 'connect', label: words.connect, hint: words.connectHint, onClick: () => onOpen('connect') }),
    isAdmin &&
      h(ActionButton, { id: 'access', icon: 'access', label: words.access, hint: words.accessHint, onClick: () => onOpen('access') }),
    h(ActionButton, { id: 'language', icon: 'language', label: words.changeLanguage, onClick: speak }),
    ui.hasLogin &&
      h(
        'form',
        // Whose session ends by this needs no word that it is over.
        { method: 'post', action: 'logout', onSubmit: () => ui.station.stop() },
        h(ActionButton, { id: 'log-out', icon: 'logOut', label: words.logOut, type: 'submit' }),
      ),
  );
}

function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(NARROW.matches);
  useEffect(() => {
    const hear = () => setNarrow(NARROW.matches);
    NARROW.addEventListener('change', hear);
    return () => NARROW.removeEventListener('change', hear);
  }, []);
  return isNarrow;
}
