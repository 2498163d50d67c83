/** deploy/home-assistant: YAML that Python reads as Home Assistant's does, with the ids that discovery gives a camera `camera`. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const deploy = join(import.meta.dirname, '../../deploy/home-assistant');
const script = 'import json, sys, yaml; print(json.dumps([yaml.safe_load(open(file)) for file in sys.argv[1:]]))';
const files = ['card.yaml', 'automation.yaml'];
const [card, automation] = JSON.parse(
  execFileSync('/usr/bin/python3', ['-c', script, ...files.map((file) => join(deploy, file))], { encoding: 'utf8' }),
);

/** Of those that every camera has: `default_entity_id` in its discovery message. */
const ENTITIES = [
  ...['camera.camera', 'image.camera_snapshot', 'switch.camera_capture', 'button.camera_snapshot', 'sensor.camera_condition'],
  ...['binary_sensor.camera_problem', 'binary_sensor.camera_connection'],
];
/** Of those that a webcam offers. */
const OFFERED = ['number.camera_fps', 'select.camera_resolution', 'number.camera_control_brightness'];

test('ids are those of discovery, in the files and in the README', () => {
  const ids = (file: string) =>
    readFileSync(join(deploy, file), 'utf8').match(/\b(camera|image|switch|button|number|select|(binary_)?sensor)\.camera\w*/g);
  for (const id of files.flatMap(ids)) assert.ok(id && ENTITIES.includes(id), String(id));
  assert.deepEqual(new Set(ids('README.md')), new Set([...ENTITIES, ...OFFERED]));
});

test('the card: picture, capture, snapshot and condition; cause and advice while something is amiss', () => {
  const [glance, amiss, snapshot] = card.cards;
  assert.deepEqual([card.type, glance.type, glance.camera_image], ['vertical-stack', 'picture-glance', 'camera.camera']);
  assert.deepEqual(
    glance.entities.map(({ entity }: { entity: string }) => entity),
    ['switch.camera_capture', 'button.camera_snapshot', 'sensor.camera_condition'],
  );
  assert.equal(glance.entities[1].tap_action.perform_action, 'button.press');
  // Without its quotation marks `on` would be true, and the card would never show.
  assert.deepEqual([amiss.conditions[0].state, amiss.card.type], ['on', 'markdown']);
  assert.match(amiss.card.content, /'cause'.*\n.*'advice'/);
  assert.equal(snapshot.entity, 'image.camera_snapshot');
});

test('the automation: when the camera, or its service, has been away for half a minute, the last snapshot is sent', () => {
  const [problem, gone] = automation.triggers;
  assert.deepEqual([problem.from, problem.to, gone.to], ['off', 'on', 'off']);
  assert.deepEqual([problem.for, gone.for], ['00:00:30', '00:00:30']);
  assert.equal(automation.actions[0].data.data.image, '/api/image_proxy/image.camera_snapshot');
});
