import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Choices } from '../../services/camera/knobs/choices.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const given = { fps: '30', resolution: '1280x720', quality: '90' };

function open(dataDir: string, said = given) {
  const warnings: string[] = [];
  return { choices: new Choices(dataDir, 'front', said, (text) => warnings.push(text)), warnings };
}

test('what was set is there again, for its device only; the rest is what the environment says', (t) => {
  const dir = makeWorkDir(t);
  const { choices } = open(dir);
  choices.choose('fps', '15');
  choices.capture = 'OFF';
  choices.chooseControl('C922', 'brightness', '200');
  const { choices: again, warnings } = open(dir);
  assert.deepEqual([again.value('fps'), again.value('resolution'), again.capture], ['15', '1280x720', 'OFF']);
  assert.deepEqual([again.controls('C922'), again.controls('BRIO')], [{ brightness: '200' }, {}]);
  assert.deepEqual(warnings, []);
  assert.equal(statSync(join(dir, 'cameras/front.json')).mode & 0o777, 0o600);
});

test('that it was switched off is kept at once', (t) => {
  const dir = makeWorkDir(t);
  open(dir).choices.capture = 'OFF';
  assert.equal(open(dir).choices.capture, 'OFF');
});

test('who changes the environment means that; who changes it back means what was set before', (t) => {
  const dir = makeWorkDir(t);
  open(dir).choices.choose('fps', '15');
  assert.equal(open(dir, { ...given, fps: '10' }).choices.value('fps'), '10');
  assert.equal(open(dir).choices.value('fps'), '15');
});

test('a reset forgets what was set for this device, but not that the camera is off', (t) => {
  const dir = makeWorkDir(t);
  const { choices } = open(dir);
  choices.capture = 'OFF';
  choices.choose('quality', '10');
  choices.chooseControl('C922', 'brightness', '200');
  choices.chooseControl('BRIO', 'contrast', '1');
  choices.reset('C922');
  const { choices: again } = open(dir);
  assert.deepEqual([again.value('quality'), again.capture, again.controls('C922')], ['90', 'OFF', {}]);
  assert.deepEqual(again.controls('BRIO'), { contrast: '1' });
});

test('values are kept for sixteen devices, those set last', (t) => {
  const dir = makeWorkDir(t);
  const { choices } = open(dir);
  for (let i = 0; i < 16; i++) choices.chooseControl(`camera ${i}`, 'gain', '1');
  choices.chooseControl('camera 0', 'gain', '2');
  choices.chooseControl('one more', 'gain', '3');
  const { choices: again } = open(dir);
  assert.deepEqual(
    [again.controls('camera 0'), again.controls('camera 1'), again.controls('one more')],
    [{ gain: '2' }, {}, { gain: '3' }],
  );
});

test('a file that is none any more is put aside and named', (t) => {
  for (const content of ['{"capture":"OFF"', '[]', '{"controls":[]}', '{"capture":"PERHAPS"}', '\0\0\0']) {
    const dir = makeWorkDir(t);
    mkdirSync(join(dir, 'cameras'));
    writeFileSync(join(dir, 'cameras/front.json'), content);
    const { choices, warnings } = open(dir);
    assert.equal(choices.capture, 'ON');
    assert.match(warnings[0] ?? '', /front\.json\.broken .*set it again$/);
    assert.equal(readFileSync(join(dir, 'cameras/front.json.broken'), 'utf8'), content);
  }
});

test('where nothing can be written all holds until the end, and that is said once', (t) => {
  const file = join(makeWorkDir(t), 'file');
  writeFileSync(file, '');
  const { choices, warnings } = open(file);
  choices.choose('fps', '5');
  choices.choose('fps', '6');
  assert.equal(choices.value('fps'), '6');
  assert.equal(warnings.filter((text) => text.includes('cannot be kept')).length, 1, warnings.join('\n'));
  assert.match(warnings.at(-1) ?? '', /ENOTDIR.*holds until the next start/);
});
