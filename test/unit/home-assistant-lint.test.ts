import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discoveryMessage, NOTHING } from '../../services/camera/discovery/message.ts';
import { knobs, sightOf, subject } from '../helpers/discovery-subject.ts';
import { type Config, lint } from '../helpers/home-assistant-lint.ts';

const topic = 'homeassistant/device/homeguard_front/config';
type Message = { device: Config; origin: Config; components: Record<string, Config>; [key: string]: unknown };

/** A message that is right, made wrong. */
function faultsOf(spoil: (message: Message) => void, at = topic): string[] {
  const message = JSON.parse(discoveryMessage(subject, NOTHING, sightOf(knobs)).payload) as Message;
  spoil(message);
  return lint(at, JSON.stringify(message)).faults;
}

const of = ({ components }: Message, key: string) => components[key] ?? assert.fail(key);

test('a message that is right has no fault, and each component what the top gives to it', () => {
  const { payload } = discoveryMessage(subject, NOTHING, sightOf(knobs));
  const { faults, entities } = lint(topic, payload);
  assert.deepEqual(faults, []);
  const config = (key: string) => entities.find((each) => each.key === key)?.config;
  assert.deepEqual(config('number_fps')?.availability, [{ topic: 'homeguard/front/status' }]);
  assert.equal(config('number_fps')?.qos, 1);
  assert.deepEqual(config('binary_sensor_connection')?.availability, []);
});

test('what Home Assistant refuses, or drops without a word, is a fault', () => {
  const cases: [fault: RegExp, spoil: (message: Message) => void][] = [
    [/^message\.device/, ({ device }) => Object.assign(device, { colour: 'red' })],
    [/^message\.device/, ({ device }) => delete device.identifiers],
    [/^message\.device/, ({ device }) => Object.assign(device, { identifiers: [] })],
    [/configuration_url: no web address/, ({ device }) => Object.assign(device, { configuration_url: 'pi:8080' })],
    [/configuration_url/, ({ device }) => Object.assign(device, { configuration_url: 'javascript:alert(1)' })],
    [/^message\.origin/, ({ origin }) => delete origin.name],
    [/^message\.origin/, ({ origin }) => Object.assign(origin, { url: 'http://x/' })],
    [/^message\.origin/, (message) => delete (message as Partial<Message>).origin],
    [/^message\.device/, (message) => delete (message as Partial<Message>).device],
    [/^message\.components/, (message) => delete (message as Partial<Message>).components],
    [/^message\.colour/, (message) => Object.assign(message, { colour: 'red' })],
    [/^message\.retain/, (message) => Object.assign(message, { retain: true })],
    [/^message\.qos/, (message) => Object.assign(message, { qos: 3 })],
    [/^message\.components/, ({ components }) => Object.assign(components, { 'a b': components.number_fps })],
    [/there is no lamp/, (message) => Object.assign(of(message, 'number_fps'), { platform: 'lamp' })],
    [/^number_fps\.unique_id/, (message) => delete of(message, 'number_fps').unique_id],
    [/^message\.components.*platform/, (message) => delete of(message, 'number_fps').platform],
    [/^number_fps\.object_id/, (message) => Object.assign(of(message, 'number_fps'), { object_id: 'x' })],
    [/^number_fps\.topic/, (message) => Object.assign(of(message, 'number_fps'), { topic: 'x' })],
    [/^number_fps\.command_topic/, (message) => delete of(message, 'number_fps').command_topic],
    [/wildcards/, (message) => Object.assign(of(message, 'number_fps'), { command_topic: 'homeguard/+/fps/set' })],
    [/wildcards/, (message) => Object.assign(of(message, 'number_fps'), { state_topic: 'homeguard/#' })],
    [/control characters/, (message) => Object.assign(of(message, 'number_fps'), { state_topic: 'a\nb' })],
    [/65535 bytes/, (message) => Object.assign(of(message, 'number_fps'), { state_topic: 'ü'.repeat(40_000) })],
    [/min is above max/, (message) => Object.assign(of(message, 'number_fps'), { min: 31 })],
    [/^number_fps\.step/, (message) => Object.assign(of(message, 'number_fps'), { step: 0.0001 })],
    [/^number_fps\.max/, (message) => Object.assign(of(message, 'number_fps'), { max: 'many' })],
    [/again and again/, (message) => Object.assign(of(message, 'number_fps'), { retain: true })],
    [/^number_fps\.entity_category/, (message) => Object.assign(of(message, 'number_fps'), { entity_category: 'system' })],
    [/never config/, (message) => Object.assign(of(message, 'sensor_viewers'), { entity_category: 'config' })],
    [/never config/, (message) => Object.assign(of(message, 'binary_sensor_problem'), { entity_category: 'config' })],
    [/^sensor_viewers\.state_topic/, (message) => delete of(message, 'sensor_viewers').state_topic],
    [/device_class enum/, (message) => Object.assign(of(message, 'sensor_viewers'), { options: ['a'], state_class: undefined })],
    [/unit_of_measurement or state_class/, (message) => Object.assign(of(message, 'sensor_condition'), { state_class: 'measurement' })],
    [/unit_of_measurement or state_class/, (message) => Object.assign(of(message, 'sensor_condition'), { unit_of_measurement: 'x' })],
    [/between \{\{ and \}\}/, (message) => Object.assign(of(message, 'sensor_condition'), { value_template: 'value_json.x' })],
    [/without its topic/, (message) => delete of(message, 'sensor_condition').json_attributes_topic],
    [/^select_resolution\.options/, (message) => delete of(message, 'select_resolution').options],
    [/^select_resolution\.options/, (message) => Object.assign(of(message, 'select_resolution'), { options: [] })],
    [/taken for unknown/, (message) => Object.assign(of(message, 'select_resolution'), { options: ['none', 'x'] })],
    [/option is there twice/, (message) => Object.assign(of(message, 'select_resolution'), { options: ['x', 'x'] })],
    [/one of image_topic/, (message) => Object.assign(of(message, 'image_snapshot'), { url_topic: 'x', content_type: undefined })],
    [/one of image_topic/, (message) => delete of(message, 'image_snapshot').image_topic],
    [
      /content_type with url_topic/,
      (message) => {
        delete of(message, 'image_snapshot').image_topic;
        Object.assign(of(message, 'image_snapshot'), { url_topic: 'x' });
      },
    ],
    [/^camera_preview\.topic/, (message) => delete of(message, 'camera_preview').topic],
    [/exclude each other/, (message) => Object.assign(of(message, 'number_fps'), { availability_topic: 'x' })],
    [/^message\.availability/, (message) => Object.assign(message, { availability: [{ payload_available: 'x' }] })],
    [/^camera_preview\.availability_mode/, (message) => Object.assign(of(message, 'camera_preview'), { availability_mode: 'most' })],
    [/no entity id/, (message) => Object.assign(of(message, 'number_fps'), { default_entity_id: 'front_fps' })],
    [/no entity id/, (message) => Object.assign(of(message, 'number_fps'), { default_entity_id: 'sensor.front_fps' })],
    [/no entity id/, (message) => Object.assign(of(message, 'number_fps'), { default_entity_id: 'number.front__fps' })],
    [
      /unique_id is there twice/,
      (message) =>
        Object.assign(of(message, 'select_resolution'), { unique_id: of(message, 'select_control_power_line_frequency').unique_id }),
    ],
  ];
  for (const [fault, spoil] of cases) {
    const faults = faultsOf(spoil);
    assert.equal(faults.length, 1, `${fault}: ${faults.join('; ')}`);
    assert.match(faults[0] ?? '', fault);
  }
});

test('a topic that Home Assistant does not look at, and a payload that is no message', () => {
  for (const at of [
    'homeassistant/device/home guard/config',
    'homeassistant/device/x',
    'other/device/homeguard_front/config',
    'homeassistant/camera/x/config',
  ])
    assert.match(faultsOf(() => {}, at).join(), /^topic: nobody looks/);
  for (const payload of ['', '{', '[]', 'null', '7']) assert.match(lint(topic, payload).faults.join(), /^message\./, payload);
});

test('a component that has nothing but its platform is to go', () => {
  const { payload } = discoveryMessage(subject, NOTHING, sightOf(knobs));
  const message = JSON.parse(payload) as Message;
  message.components.number_fps = { platform: 'number' };
  const { faults, gone, entities } = lint(topic, JSON.stringify(message));
  assert.deepEqual([faults, [...gone]], [[], [['number_fps', 'number']]]);
  assert.ok(!entities.some(({ key }) => key === 'number_fps'));
});
