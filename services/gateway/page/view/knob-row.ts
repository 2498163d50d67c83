import { Fragment, h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Knob } from '../../../shared/knob.ts';
import type { Words } from '../words/en.ts';
import { Icon } from './icon.ts';

interface Props {
  words: Words;
  /** `controls/brightness` */
  name: string;
  knob: Knob;
  /** Who looks may not set it. */
  isLocked: boolean;
  /** A wish is under way. */
  isPending: boolean;
  /** Why the last one was not granted. */
  refusal: string | null;
  /** Resolves when the camera has answered; what it says then is the knob's value. */
  set: (value: string) => Promise<void>;
}

/** One thing that can be set, as its kind asks for: a slider, a menu, a switch, a field, a button. */
export function KnobRow({ words, name, knob, isLocked, isPending, refusal, set }: Props): JSX.Element {
  const id = `knob-${name.replace('/', '-')}`;
  const label = words.setting[name] ?? knob.label;
  const isFixed = isLocked || knob.readOnly === true || knob.inactive === true;
  const hint = refusal
    ? words.refused(refusal)
    : knob.readOnly
      ? words.readOnly
      : knob.inactive
        ? words.inactive
        : name === 'capture'
          ? words.captureHint
          : '';
  const common = { id, disabled: isFixed, 'aria-describedby': hint ? `${id}-hint` : undefined };
  return h(
    'div',
    { class: `knob ${knob.type}${isPending ? ' pending' : ''}${isFixed ? ' fixed' : ''}`, 'data-setting': name },
    h(Field, { words, label, knob, common, set }),
    hint && h('p', { class: refusal ? 'hint-text refused' : 'hint-text', id: `${id}-hint`, role: refusal ? 'alert' : undefined }, hint),
  );
}

interface FieldProps extends Pick<Props, 'words' | 'knob' | 'set'> {
  label: string;
  common: { id: string; disabled: boolean; 'aria-describedby': string | undefined };
}

function Field({ words, label, knob, common, set }: FieldProps): JSX.Element {
  const name = h('label', { for: common.id }, label);
  const changed = (event: Event) => void set((event.currentTarget as HTMLInputElement | HTMLSelectElement).value);
  switch (knob.type) {
    case 'button':
      return h('button', { ...common, type: 'button', class: 'wide', onClick: () => void set('') }, label);
    case 'switch': {
      const flip = (event: Event) => {
        const box = event.currentTarget as HTMLInputElement;
        void set(box.checked ? 'ON' : 'OFF');
        // It shows what is, not what is wished for.
        box.checked = knob.value === 'ON';
      };
      return h(
        Fragment,
        null,
        name,
        h('input', { ...common, type: 'checkbox', role: 'switch', checked: knob.value === 'ON', onChange: flip }),
      );
    }
    case 'select': {
      const options = knob.options.map((option) => {
        return h('option', { key: option, value: option }, option === knob.default ? `${option} (${words.isDefault})` : option);
      });
      return h(Fragment, null, name, h('select', { ...common, value: knob.value, onChange: changed }, options));
    }
    case 'text':
      return h(
        Fragment,
        null,
        name,
        h('input', { ...common, type: 'text', value: knob.value, maxLength: knob.maxLength, onChange: changed }),
      );
    case 'number':
      return h(Slider, { words, knob, common, name, label, set });
  }
}

interface SliderProps extends Pick<FieldProps, 'words' | 'common' | 'set' | 'label'> {
  knob: Knob & { type: 'number' };
  name: JSX.Element;
}

/** While it is pulled it shows where to; let go, it is set, and shows again what the camera says. */
function Slider({ words, knob, common, name, label, set }: SliderProps): JSX.Element {
  const { min, max, step, unit } = knob;
  const [pulled, setPulled] = useState<number | null>(null);
  const value = pulled ?? knob.value;
  const letGo = async (event: Event) => {
    const wanted = (event.currentTarget as HTMLInputElement).value;
    await set(wanted);
    setPulled(null);
  };
  const share = max > min ? (knob.default - min) / (max - min) : 0;
  const isDefault = value === knob.default;
  const undo = { type: 'button' as const, class: 'undo', disabled: common.disabled || isDefault, onClick: () => void set('default') };
  return h(
    Fragment,
    null,
    name,
    h(
      'span',
      { class: 'value' },
      h('output', { for: common.id }, `${value}${unit ? ` ${unit}` : ''}`),
      h(
        'button',
        { ...undo, 'aria-label': `${words.reset}: ${label}`, title: `${words.reset} (${knob.default})` },
        h(Icon, { name: 'undo' }),
      ),
    ),
    h(
      'span',
      { class: 'slider', style: { '--at': String(share) } },
      h('input', {
        ...{ ...common, type: 'range', min, max, step, value },
        onInput: (event: Event) => setPulled(Number((event.currentTarget as HTMLInputElement).value)),
        onChange: letGo,
      }),
    ),
  );
}
