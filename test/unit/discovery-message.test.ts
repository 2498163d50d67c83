import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readFormer } from '../../services/camera/discovery/former.ts';
import { type Announced, discoveryMessage, MAX_GONE, NOTHING, type Sight } from '../../services/camera/discovery/message.ts';
import { readPage } from '../../services/camera/discovery/page.ts';
import { CONDITIONS, cameraTopics, discoveryTopic } from '../../services/shared/contract.ts';
import { type Knob, type Knobs, readKnob } from '../../services/shared/knob.ts';
import { readSettings } from '../../services/shared/settings.ts';
import { knobs, sightOf, stateOf, subject } from '../helpers/discovery-subject.ts';
import { type Config, lint } from '../helpers/home-assistant-lint.ts';

type Message = { device: Config; origin: Config; components: Record<string, Config>; availability: unknown; qos: number };

function messageOf(sight: Sight, before: Announced = NOTHING, of = subject): Message & { announced: Announced; payload: string } {
  const { payload, announced } = discoveryMessage(of, before, sight);
  return { ...(JSON.parse(payload) as Message), announced, payload };
}

/** What `readFormer` gives of a message is what was kept of it, but for the knobs' values. */
function restarted(payload: string): Announced {
  return readFormer(payload) ?? assert.fail('none of ours');
}

const keys = ({ components }: Message) => Object.keys(components).sort();

test('a webcam: one device with all that Home Assistant shows and sets', () => {
  const message = messageOf(sightOf(knobs, { page: 'http://pi:8080/' }));
  assert.deepEqual(lint('homeassistant/device/homeguard_front/config', message.payload).faults, []);
  assert.deepEqual(message.device, {
    identifiers: ['homeguard_front'],
    name: 'C922 Pro Stream Webcam',
    manufacturer: 'HomeGuard',
    model: 'C922 Pro Stream Webcam',
    sw_version: '0.1.0',
    configuration_url: 'http://pi:8080/#front',
  });
  assert.deepEqual(message.availability, [{ topic: 'homeguard/front/status' }]);
  assert.deepEqual(keys(message), [
    'binary_sensor_connection',
    'binary_sensor_problem',
    'button_reset',
    'button_restart',
    'button_snapshot',
    'camera_preview',
    'image_snapshot',
    'number_control_brightness',
    'number_fps',
    'select_control_power_line_frequency',
    'select_resolution',
    'sensor_condition',
    'sensor_corrupt_frames',
    'sensor_dropped_frames',
    'sensor_frame_rate',
    'sensor_restarts',
    'sensor_viewers',
    'switch_capture',
    'switch_control_focus_automatic_continuous',
  ]);
  const of = message.components;
  assert.deepEqual(of.camera_preview, {
    platform: 'camera',
    unique_id: 'homeguard_front_camera_preview',
    default_entity_id: 'camera.front',
    name: null,
    topic: 'homeguard/front/preview',
    availability: [
      { topic: 'homeguard/front/status' },
      { topic: 'homeguard/front/capture', payload_available: 'ON', payload_not_available: 'OFF' },
    ],
    availability_mode: 'all',
  });
  assert.deepEqual(of.number_control_brightness, {
    platform: 'number',
    unique_id: 'homeguard_front_number_control_brightness',
    default_entity_id: 'number.front_control_brightness',
    name: 'Brightness',
    state_topic: 'homeguard/front/controls/brightness',
    command_topic: 'homeguard/front/controls/brightness/set',
    min: 0,
    max: 255,
    step: 1,
    entity_category: 'config',
  });
  assert.deepEqual(of.sensor_condition?.options, [...CONDITIONS]);
  assert.deepEqual(of.binary_sensor_connection?.availability, []);
  assert.equal(of.sensor_frame_rate?.expire_after, 90);
  assert.equal(of.switch_capture?.entity_category, undefined);
  assert.equal(of.image_snapshot?.content_type, 'image/jpeg');
});

test('all that can be set is config but capture, and what only tells is never', () => {
  for (const { platform, entity_category: category } of Object.values(messageOf(sightOf(knobs)).components)) {
    if (platform === 'sensor' || platform === 'binary_sensor') assert.equal(category, 'diagnostic');
  }
  const { switch_capture: capture, ...others } = messageOf(sightOf(knobs)).components;
  assert.equal(capture?.entity_category, undefined);
  for (const each of Object.values(others)) if (each.command_topic) assert.equal(each.entity_category, 'config');
});

test('without a preview there is no camera, and one that was there goes', () => {
  const none = { ...subject, previewFps: 0 };
  assert.ok(!('camera_preview' in messageOf(sightOf(knobs), NOTHING, none).components));
  const before = messageOf(sightOf(knobs)).announced;
  assert.deepEqual(messageOf(sightOf(knobs, { insight: 'none' }), before, none).components.camera_preview, { platform: 'camera' });
});

test('knobs of which nothing can be chosen are left out; those that can only be read are sensors; texts and buttons are such', () => {
  const common = { label: 'X', value: 5, default: 5 };
  const odd: Knobs = {
    'controls/fixed': { ...common, type: 'number', min: 5, max: 5, step: 1 },
    'controls/empty': { ...common, type: 'select', value: '', default: '', options: [] },
    'controls/read': { ...common, type: 'number', min: 0, max: 9, step: 1, unit: 'K', readOnly: true },
    'controls/shut': { type: 'switch', label: 'Shut', value: 'ON', default: 'ON', readOnly: true },
    'controls/title': { type: 'text', label: 'Title', value: '', default: '', maxLength: 1000 },
    'controls/untitled': { type: 'text', label: 'Untitled', value: '', default: '', maxLength: 0 },
    'controls/press': { type: 'button', label: 'Press' },
    'controls/nothing': { type: 'button', label: 'Nothing', readOnly: true },
    'controls/Not-A/Name': { ...common, type: 'number', min: 0, max: 9, step: 1 },
    'controls/ruled': { ...common, type: 'number', min: 0, max: 9, step: 1, inactive: true },
  };
  const message = messageOf(sightOf(odd));
  const made = keys(message).filter((key) => key.includes('_control_'));
  assert.deepEqual(made, [
    'button_control_press',
    'number_control_ruled',
    'sensor_control_read',
    'sensor_control_shut',
    'text_control_title',
  ]);
  assert.equal(message.components.text_control_title?.max, 255);
  assert.equal(message.components.sensor_control_read?.unit_of_measurement, 'K');
  assert.ok(!('command_topic' in (message.components.sensor_control_shut ?? {})));
  assert.deepEqual(lint('homeassistant/device/homeguard_front/config', message.payload).faults, []);
});

test('the menu text None, which Home Assistant takes for unknown, has another name there', () => {
  const effects: Knob = { type: 'select', label: 'Effects', value: 'None', default: 'None', options: ['None', 'Sepia'] };
  const { select_control_effects: select } = messageOf(sightOf({ 'controls/effects': effects })).components;
  assert.deepEqual(select?.options, ['(None)', 'Sepia']);
  assert.ok(select?.value_template && select.command_template);
  const { select_control_power_line_frequency: other } = messageOf(sightOf(knobs)).components;
  assert.ok(!other?.value_template);
});

test('a device that is not there: what was announced stays, over a restart, too', () => {
  const live = messageOf(sightOf(knobs, { page: 'http://pi:8080/cams/' }));
  const absences: Sight[] = [
    { state: stateOf({ capture: knobs.capture as Knob }, { device: null, name: 'front', format: null }), insight: 'none', page: null },
    {
      state: stateOf({ 'controls/other': { type: 'button', label: 'Other' } }, { test: true, name: 'Test picture' }),
      insight: 'none',
      page: null,
    },
  ];
  for (const sight of absences) {
    assert.equal(messageOf(sight, live.announced).payload, live.payload);
    assert.equal(messageOf(sight, restarted(live.payload)).payload, live.payload);
  }
});

test('one that has never been there: what every camera has', () => {
  const message = messageOf({ state: stateOf(knobs, { test: true, name: 'Test picture' }), insight: 'none', page: null });
  assert.deepEqual(
    keys(message).filter((key) => /_(control_|fps|resolution|quality)/.test(key)),
    [],
  );
  assert.equal(message.device.name, 'front');
  assert.equal(message.device.model, undefined);
});

test('a control is gone only when pictures have come from a device that does not offer it', () => {
  const before = messageOf(sightOf(knobs)).payload;
  const { 'controls/brightness': _, ...fewer } = knobs;
  const still = messageOf(sightOf(fewer, { insight: 'some' }), restarted(before));
  assert.equal(still.payload, before);
  const gone = messageOf(sightOf(fewer), still.announced);
  assert.deepEqual(gone.components.number_control_brightness, { platform: 'number' });
  assert.equal(lint('homeassistant/device/homeguard_front/config', gone.payload).gone.get('number_control_brightness'), 'number');
  const later = messageOf(sightOf(fewer), restarted(gone.payload));
  assert.equal(later.payload, gone.payload, 'Home Assistant may not have been there');
  assert.equal(messageOf(sightOf(knobs), later.announced).payload, before, 'it is back');
});

test('a control of another kind takes the place of the former one', () => {
  const before = messageOf(sightOf(knobs)).announced;
  const other: Knobs = { ...knobs, 'controls/brightness': { type: 'switch', label: 'Brightness', value: 'ON', default: 'ON' } };
  const { components } = messageOf(sightOf(other, { insight: 'some' }), before);
  assert.deepEqual(components.number_control_brightness, { platform: 'number' });
  assert.equal(components.switch_control_brightness?.platform, 'switch');
});

test('what is kept of devices that come and go is bounded', () => {
  let announced = NOTHING;
  let size = 0;
  for (let i = 0; i < 300; i++) {
    const name = `controls/of_${i}`;
    const message = messageOf(sightOf({ [name]: { type: 'button', label: 'B' } }), announced);
    announced = message.announced;
    size = Math.max(size, Object.keys(message.components).length);
  }
  assert.ok(announced.parts.size <= MAX_GONE + 20 && size <= MAX_GONE + 20, `${size}`);
  assert.ok(announced.parts.has('button_control_of_298'));
});

test('what others have published in our place is read without harm', () => {
  for (const payload of ['', 'null', '[]', '{', '{"components":[]}', '{"components":{}}', '{"device":{},"components":{"a":1}}'])
    assert.ok([null, 0].includes(readFormer(payload)?.parts.size ?? null), payload);
  const mine = JSON.parse(messageOf(sightOf(knobs)).payload) as Message;
  const command_topic = 'door/open';
  mine.components.number_control_brightness = { ...mine.components.number_control_brightness, command_topic, evil: 1 };
  mine.components['../x'] = { platform: 'number' };
  mine.device.configuration_url = 'javascript:alert(1)';
  const kept = messageOf(sightOf({}, { insight: 'none' }), restarted(JSON.stringify(mine)));
  assert.equal(kept.payload, messageOf(sightOf(knobs)).payload, 'nothing of it is passed on');
  fc.assert(
    fc.property(fc.json(), fc.anything(), (json, components) => {
      readFormer(json);
      readFormer(JSON.stringify({ device: {}, components }) ?? '');
    }),
    { numRuns: 200 },
  );
});

test('a page that Home Assistant could not open is none', () => {
  for (const page of [
    '',
    'pi',
    'ftp://pi/',
    'http://',
    'javascript:alert(1)',
    'http://user:secret@pi/',
    `http://${'a'.repeat(600)}/`,
    'http://a b/',
  ])
    assert.equal(readPage(page), null, page);
  assert.equal(readPage('http://pi:8080'), 'http://pi:8080/');
  assert.equal(readPage('https://cams.example.org/küche/'), 'https://cams.example.org/k%C3%BCche/');
});

const label = fc.string({ unit: 'binary', maxLength: 40 });
const flags = fc.oneof(fc.constant({}), fc.constant({ readOnly: true as const }), fc.constant({ inactive: true as const }));
const whole = fc.integer({ min: -1e9, max: 1e9 });
const texts = fc.oneof(
  fc.constantFrom('None', 'none', 'NONE', '50 Hz', 'Disabled', '(None)'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => text.trim() === text && text.toLowerCase() !== 'default'),
);
const knob: fc.Arbitrary<Knob> = fc.oneof(
  fc.record({
    type: fc.constant('switch' as const),
    label,
    value: fc.constantFrom('ON' as const, 'OFF' as const),
    default: fc.constant('ON' as const),
  }),
  fc
    .tuple(label, whole, whole, fc.integer({ min: 1, max: 1000 }), fc.option(fc.constantFrom('K', '″', '100 µs', '%'), { nil: undefined }))
    .map(([label, a, b, step, unit]): Knob => {
      const [min, max] = [Math.min(a, b), Math.max(a, b)];
      return { type: 'number', label, value: min, default: min, min, max, step, ...(unit && { unit }) };
    }),
  fc
    .tuple(label, fc.uniqueArray(texts, { maxLength: 6 }))
    .map(([label, options]): Knob => ({ type: 'select', label, value: options[0] ?? '', default: options[0] ?? '', options })),
  fc.record({ type: fc.constant('text' as const), label, value: label, default: label, maxLength: fc.nat(2000) }),
  fc.record({ type: fc.constant('button' as const), label }),
);
const setting = fc.oneof(
  fc.constantFrom('capture', 'fps', 'resolution', 'quality', 'snapshot', 'nonsense'),
  fc.stringMatching(/^controls\/[a-z0-9][a-z0-9_]{0,62}$/),
);
const someKnobs: fc.Arbitrary<Knobs> = fc
  .array(fc.tuple(setting, knob, flags), { maxLength: 12 })
  .map((entries) => Object.fromEntries(entries.map(([name, each, more]) => [name, { ...each, ...more }])));
const prefix = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).filter((text) => {
  try {
    return readSettings({ MQTT_PREFIX: text }, () => '').mqtt.prefix === text;
  } catch {
    return false; // The settings would not take it.
  }
});
const sight: fc.Arbitrary<Sight> = fc
  .tuple(
    someKnobs,
    fc.constantFrom('none' as const, 'some' as const, 'all' as const),
    fc.option(label, { nil: undefined }),
    fc.option(label),
    fc.boolean(),
    fc.option(fc.oneof(fc.webUrl({ withQueryParameters: false }), label)),
  )
  .map(([settings, insight, name, model, test, page]) => ({
    state: stateOf(settings, { name, test, device: { path: null, name: model, bus: null } }),
    insight,
    page: page === null ? null : readPage(page),
  }));

test('controls whose names differ by signs alone get entity ids of their own', () => {
  const odd: Knob = { type: 'switch', label: 'Odd', value: 'ON', default: 'ON' };
  const message = messageOf(sightOf({ 'controls/1': odd, 'controls/1_': odd, 'controls/1_2': odd }));
  const ids = ['1', '1_', '1_2'].map((name) => message.components[`switch_control_${name}`]?.default_entity_id);
  assert.deepEqual(ids, ['switch.front_control_1', 'switch.front_control_1_2', 'switch.front_control_1_2_2']);
});

test('whatever the device offers, however things are called: Home Assistant takes every message, and so it does after restarts', () => {
  fc.assert(
    fc.property(
      fc.record({
        id: fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,31}$/),
        prefix,
        discoveryPrefix: prefix,
        name: fc.option(label, { nil: undefined }),
      }),
      fc.array(sight, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(0, 1),
      ({ id, prefix, discoveryPrefix, name }, sights, previewFps) => {
        const of = { ...subject, id, name, previewFps, topics: cameraTopics(prefix, id) };
        let before = NOTHING;
        for (const each of sights) {
          const { payload, announced } = discoveryMessage(of, before, each);
          const { faults, gone } = lint(discoveryTopic(discoveryPrefix, id), payload, discoveryPrefix);
          assert.deepEqual(faults, []);
          for (const key of gone.keys()) assert.ok(before.parts.has(key), `${key} was never there`);
          assert.equal(discoveryMessage(of, announced, each).payload, payload, 'nothing has changed');
          const former = restarted(payload);
          assert.equal(
            discoveryMessage(of, former, { ...each, insight: 'none' }).payload,
            discoveryMessage(of, announced, { ...each, insight: 'none' }).payload,
          );
          before = former;
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('what Home Assistant sends is what a knob takes', () => {
  fc.assert(
    fc.property(knob, (each) => {
      const entries = Object.values(messageOf(sightOf({ 'controls/x': each })).components);
      const made = entries.find(({ unique_id: id }) => String(id).endsWith('control_x'));
      if (!made || each.type === 'button' || each.type === 'text') return;
      const sent = each.type === 'switch' ? ['ON', 'OFF'] : each.type === 'number' ? [String(made.min)] : each.options;
      for (const text of sent) assert.deepEqual(readKnob(each, text), { text });
    }),
    { numRuns: 200 },
  );
});
