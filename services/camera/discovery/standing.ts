/** What every camera has in Home Assistant, whatever its device offers. Pure. */
import { CONDITIONS, type Condition, type cameraTopics } from '../../shared/contract.ts';
import { type Component, type Components, component, keyOf, type Platform } from './component.ts';

/** What does not change while the service runs. */
export interface Subject {
  id: string;
  topics: ReturnType<typeof cameraTopics>;
  /** The name that was given to it; undefined: the device's own counts. */
  name: string | undefined;
  /** Pictures a second on the preview; 0 for none. */
  previewFps: number;
  telemetryMs: number;
  /** HomeGuard's. */
  version: string;
}

const DIAGNOSTIC = { entity_category: 'diagnostic' };
const CONFIG = { entity_category: 'config' };
const COUNT = { state_class: 'total_increasing' };
/** In these nothing is amiss. */
const WELL: Condition[] = ['starting', 'live', 'idle', 'off'];
/** So many telemetries may be lost before their values count as unknown. */
const MISSED = 3;

export function standingComponents(subject: Subject): Components {
  const { id, topics, previewFps } = subject;
  const components: Components = {};
  const add = (platform: Platform, name: string, label: string | null, more: object) => {
    components[keyOf(platform, name)] = component(id, platform, name, label, more);
  };
  if (previewFps > 0) add('camera', 'preview', null, { topic: topics.preview, ...whileCapturing(subject) });
  add('image', 'snapshot', 'Last snapshot', { image_topic: topics.snapshot, content_type: 'image/jpeg' });
  add('switch', 'capture', 'Capture', { state_topic: topics.setting('capture'), command_topic: topics.set('capture') });
  // Never unavailable itself: it could not show that the service is gone.
  const online = { state_topic: topics.status, payload_on: 'online', payload_off: 'offline', availability: [] };
  add('binary_sensor', 'connection', 'Connection', { ...online, device_class: 'connectivity', ...DIAGNOSTIC });
  const isWell = `{{ 'OFF' if value_json.condition in [${WELL.map((condition) => `'${condition}'`).join(', ')}] else 'ON' }}`;
  add('binary_sensor', 'problem', 'Problem', {
    state_topic: topics.state,
    value_template: isWell,
    device_class: 'problem',
    ...DIAGNOSTIC,
  });
  add('sensor', 'condition', 'Condition', condition(topics.state));
  add('button', 'snapshot', 'Take snapshot', { command_topic: topics.set('snapshot'), ...CONFIG });
  add('button', 'restart', 'Restart', { command_topic: topics.set('restart'), device_class: 'restart', ...CONFIG });
  add('button', 'reset', 'Reset settings', { command_topic: topics.set('reset'), ...CONFIG });
  return { ...components, ...telemetrySensors(subject) };
}

/** A picture of before is not shown while the camera is switched off. */
function whileCapturing({ topics }: Subject): object {
  const capture = { topic: topics.setting('capture'), payload_available: 'ON', payload_not_available: 'OFF' };
  return { availability: [{ topic: topics.status }, capture], availability_mode: 'all' };
}

/** Cause and advice are attributes: a state of Home Assistant's has at most 255 letters, and these may have more. */
function condition(topic: string): object {
  return {
    state_topic: topic,
    value_template: '{{ value_json.condition }}',
    device_class: 'enum',
    options: [...CONDITIONS],
    json_attributes_topic: topic,
    // These three alone: the state's settings, which are many, would be kept in Home Assistant's history at each change.
    json_attributes_template: `{{ {'cause': value_json.cause, 'advice': value_json.advice, 'since': value_json.since} | tojson }}`,
    ...DIAGNOSTIC,
  };
}

function telemetrySensors({ id, topics, telemetryMs }: Subject): Components {
  const sensor = (name: string, field: string, label: string, more: object): [string, Component] => {
    const source = { state_topic: topics.telemetry, value_template: `{{ value_json.${field} }}` };
    const expiry = { expire_after: Math.ceil((MISSED * telemetryMs) / 1000) };
    return [keyOf('sensor', name), component(id, 'sensor', name, label, { ...source, ...expiry, ...more, ...DIAGNOSTIC })];
  };
  const rarely = { enabled_by_default: false };
  return Object.fromEntries([
    sensor('frame_rate', 'fps', 'Measured frame rate', {
      unit_of_measurement: 'fps',
      state_class: 'measurement',
      suggested_display_precision: 1,
    }),
    sensor('dropped_frames', 'dropped', 'Dropped frames', COUNT),
    sensor('viewers', 'viewers', 'Viewers', { state_class: 'measurement' }),
    sensor('corrupt_frames', 'corrupt', 'Corrupt frames', { ...COUNT, ...rarely }),
    sensor('restarts', 'restarts', 'Restarts of the source', { ...COUNT, ...rarely }),
  ]);
}
