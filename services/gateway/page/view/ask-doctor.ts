import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Camera } from '../camera.ts';
import type { Ui } from './ui.ts';

interface Props {
  ui: Ui;
  camera: Camera;
}

type Visit = (props: Props) => JSX.Element;

/** Has the doctor come, whose findings then stand in the button's place. What shows them is fetched only when somebody asks. */
export function AskDoctor({ ui, camera }: Props): JSX.Element | null {
  const [view, setView] = useState<{ Visit: Visit } | null>(null);
  // One that only sends pictures has nobody who could let the doctor in.
  if (Object.keys(camera.settings ?? {}).length === 0) return null;
  if (view) return h(view.Visit, { ui, camera });
  if (!camera.control) return h('p', { class: 'soft' }, ui.words.whoMayAskDoctor);
  const onClick = async () => {
    try {
      const { DoctorVisit } = await import('./doctor.ts');
      setView({ Visit: DoctorVisit });
    } catch {
      ui.say(ui.words.noAnswer);
    }
  };
  return h('button', { type: 'button', class: 'ask-doctor wide', onClick }, ui.words.askDoctor);
}
