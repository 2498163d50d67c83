import { type FunctionComponent, h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import type { Me } from '../me.ts';
import type { Ui } from '../view/ui.ts';

export interface DialogProps {
  ui: Ui;
  /** Null while it is not known. */
  me: Me | null;
  /** The one that is seen behind the dialogue. */
  camera: Camera | null;
  onClose: () => void;
}

/** Seldom needed, so each comes when it is opened for the first time. */
const DIALOGS = {
  connect: async () => (await import('./connect.ts')).ConnectDialog,
  access: async () => (await import('./access.ts')).AccessDialog,
};
export type DialogName = keyof typeof DIALOGS;

/** One of the dialogues, as soon as it has come. */
export function OpenDialog({ name, ...props }: DialogProps & { name: DialogName }): JSX.Element | null {
  const [view, setView] = useState<{ Dialog: FunctionComponent<DialogProps> } | null>(null);
  useEffect(() => {
    let isWanted = true;
    DIALOGS[name]().then(
      (Dialog) => isWanted && setView({ Dialog }),
      () => {
        // The gateway is away, or has become another version whose files have other names.
        props.ui.say(props.ui.words.reload);
        props.onClose();
      },
    );
    return () => {
      isWanted = false;
    };
  }, [name]);
  const onClose = () => {
    props.onClose();
    giveFocusBack(name);
  };
  return view && h(view.Dialog, { ...props, onClose });
}

/** The browser does so itself, but not to a button that a turned phone has put elsewhere meanwhile. */
function giveFocusBack(name: DialogName): void {
  const { activeElement } = document;
  if (activeElement && activeElement !== document.body && !activeElement.closest('dialog')) return;
  const button = document.getElementById(name);
  (button?.checkVisibility() ? button : document.getElementById('more'))?.focus();
}
