/**
 * What Home Assistant's MQTT integration accepts in a discovery message, read from its sources (core, 2024 to 2026): the keys of each kind,
 * and of each key what it may be. Stricter than Home Assistant in one thing: it drops unknown keys of a component without a word, and here
 * they are faults.
 */
import * as v from 'valibot';

const MAX_TOPIC_BYTES = 65_535;
/** Home Assistant's longest state. */
const MAX_STATE = 255;

const text = v.string();
const bool = v.boolean();
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
/** MQTT 5.0, 4.7, and what Home Assistant's `valid_publish_topic` refuses beyond that. */
export const topic = v.pipe(
  v.string(),
  v.nonEmpty(),
  v.check((name) => Buffer.byteLength(name) <= MAX_TOPIC_BYTES, 'a topic has at most 65535 bytes'),
  v.regex(/^[^+#]*$/u, 'a topic to publish on has no wildcards'),
  v.regex(/^[^\p{Cc}\p{Cs}\p{NChar}]*$/u, 'a topic has no control characters'),
);
const template = v.pipe(v.string(), v.regex(/^\{\{ .+ \}\}$/s, 'a template stands between {{ and }}'));
const webAddress = v.pipe(
  v.string(),
  v.check((given) => /^(https?|homeassistant):\/\/./.test(given) && URL.canParse(given) && new URL(given).host !== '', 'no web address'),
);
const qos = v.picklist([0, 1, 2]);
const optional = <T extends v.GenericSchema>(schema: T) => v.exactOptional(schema);

const availability = v.array(
  v.strictObject({
    topic,
    payload_available: optional(text),
    payload_not_available: optional(text),
    value_template: optional(template),
  }),
);

/** At the top they count for all components that do not have them themselves. */
export const SHARED = {
  availability: optional(availability),
  availability_topic: optional(topic),
  availability_mode: optional(v.picklist(['all', 'any', 'latest'])),
  availability_template: optional(template),
  payload_available: optional(text),
  payload_not_available: optional(text),
  qos: optional(qos),
  encoding: optional(text),
};

export const DEVICE = v.pipe(
  v.strictObject({
    identifiers: optional(v.array(v.pipe(text, v.nonEmpty()))),
    connections: optional(v.array(v.tuple([text, text]))),
    manufacturer: optional(text),
    model: optional(text),
    model_id: optional(text),
    name: optional(text),
    hw_version: optional(text),
    serial_number: optional(text),
    sw_version: optional(text),
    via_device: optional(text),
    suggested_area: optional(text),
    configuration_url: optional(webAddress),
  }),
  v.check(({ identifiers = [], connections = [] }) => identifiers.length + connections.length > 0, 'no identifiers and no connections'),
);

export const MESSAGE = v.strictObject({
  device: DEVICE,
  origin: v.strictObject({ name: text, sw_version: optional(text), support_url: optional(webAddress) }),
  components: v.record(v.pipe(text, v.regex(/^[a-zA-Z0-9_-]+$/)), v.looseObject({ platform: text })),
  ...SHARED,
  state_topic: optional(topic),
  command_topic: optional(topic),
});

const COMMON = {
  ...SHARED,
  platform: text,
  unique_id: v.pipe(text, v.nonEmpty()),
  name: optional(v.nullable(text)),
  enabled_by_default: optional(bool),
  entity_category: optional(v.picklist(['config', 'diagnostic'])),
  entity_picture: optional(text),
  icon: optional(v.pipe(text, v.regex(/^[\w-]+:[\w-]+$/))),
  json_attributes_topic: optional(topic),
  json_attributes_template: optional(template),
  default_entity_id: optional(text),
};
/** Of what only tells. */
const TELLS = { state_topic: topic, value_template: optional(template), expire_after: optional(count), force_update: optional(bool) };
/** Of what can be set. */
const SETS = {
  command_topic: topic,
  command_template: optional(template),
  retain: optional(bool),
};
const SETS_AND_TELLS = { ...SETS, state_topic: optional(topic), value_template: optional(template), optimistic: optional(bool) };
const BINARY_SENSOR_CLASSES = ['connectivity', 'problem', 'motion', 'occupancy', 'light', 'running', 'power', 'heat', 'update'] as const;
const SENSOR_CLASSES = ['enum', 'data_rate', 'data_size', 'duration', 'timestamp', 'temperature', 'illuminance'] as const;

/** Platform -> its keys. Of the device classes those that a camera may have. */
export const COMPONENTS = {
  camera: v.strictObject({ ...COMMON, topic, image_encoding: optional(v.literal('b64')) }),
  image: v.strictObject({
    ...COMMON,
    image_topic: optional(topic),
    url_topic: optional(topic),
    content_type: optional(v.pipe(text, v.startsWith('image/'))),
    image_encoding: optional(v.literal('b64')),
    url_template: optional(template),
  }),
  binary_sensor: v.strictObject({
    ...COMMON,
    ...TELLS,
    device_class: optional(v.picklist(BINARY_SENSOR_CLASSES)),
    off_delay: optional(count),
    payload_on: optional(text),
    payload_off: optional(text),
  }),
  sensor: v.strictObject({
    ...COMMON,
    ...TELLS,
    device_class: optional(v.picklist(SENSOR_CLASSES)),
    last_reset_value_template: optional(template),
    options: optional(v.pipe(v.array(text), v.nonEmpty())),
    suggested_display_precision: optional(count),
    state_class: optional(v.picklist(['measurement', 'total', 'total_increasing'])),
    unit_of_measurement: optional(text),
  }),
  number: v.strictObject({
    ...COMMON,
    ...SETS_AND_TELLS,
    device_class: optional(text),
    min: optional(finite),
    max: optional(finite),
    mode: optional(v.picklist(['auto', 'box', 'slider'])),
    step: optional(v.pipe(finite, v.minValue(0.001))),
    payload_reset: optional(text),
    unit_of_measurement: optional(text),
  }),
  select: v.strictObject({ ...COMMON, ...SETS_AND_TELLS, options: v.pipe(v.array(v.pipe(text, v.nonEmpty())), v.nonEmpty()) }),
  switch: v.strictObject({
    ...COMMON,
    ...SETS_AND_TELLS,
    device_class: optional(v.picklist(['outlet', 'switch'])),
    payload_on: optional(text),
    payload_off: optional(text),
    state_on: optional(text),
    state_off: optional(text),
  }),
  button: v.strictObject({
    ...COMMON,
    ...SETS,
    device_class: optional(v.picklist(['identify', 'restart', 'update'])),
    payload_press: optional(text),
  }),
  text: v.strictObject({
    ...COMMON,
    ...SETS_AND_TELLS,
    max: optional(v.pipe(count, v.maxValue(MAX_STATE))),
    min: optional(count),
    mode: optional(v.picklist(['text', 'password'])),
    pattern: optional(text),
  }),
};
export type Platform = keyof typeof COMPONENTS;
