import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capabilities } from '../../services/camera/device/capabilities.ts';
import { Finder, type Found } from '../../services/camera/device/finder.ts';
import type { Input } from '../../services/camera/job.ts';
import { Choices } from '../../services/camera/knobs/choices.ts';
import { Panel } from '../../services/camera/knobs/panel.ts';
import type { Scope } from '../helpers/cleanup.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const size = { width: 640, height: 480 };
const format = { pixel: 'MJPG', ...size, fps: 30, encoded: false };
const formats = [{ fourcc: 'MJPG', sizes: [{ ...size, rates: [30] }] }];
const capabilities: Capabilities = { driver: 'uvcvideo', card: 'C922', bus: 'usb-1', capture: true, formats, controls: [] };
const webcam = (body: string, more: Partial<Found> = {}): Found => ({
  path: '/dev/video0',
  name: 'C922',
  bus: 'usb-1',
  serial: null,
  body,
  capabilities,
  ...more,
});

function panelOf(t: Scope, kind: Input['kind']): Panel {
  const given = { size, fps: 30, quality: 90 };
  const texts = { fps: '30', resolution: '640x480', quality: '90' };
  return new Panel(kind, {
    choices: new Choices(makeWorkDir(t), 'front', texts, () => {}),
    given,
    finder: new Finder({ dev: makeWorkDir(t), sys: makeWorkDir(t) }),
    log: keepLog().log,
    changed: () => {},
    want: () => {},
    switched: () => {},
  });
}

test('of a device nothing is known before it is there, some of it when it is found, and all when pictures came', async (t) => {
  const panel = panelOf(t, 'device');
  assert.equal(panel.insight, 'none');
  await panel.opening('device', webcam('1', { capabilities: null }));
  assert.equal(panel.insight, 'none', 'it cannot be asked');
  await panel.opening('device', webcam('1'));
  assert.equal(panel.insight, 'some');
  panel.measured(format);
  assert.equal(panel.insight, 'all');
  await panel.opening('device', webcam('1'));
  assert.equal(panel.insight, 'all', 'it was opened anew');
  await panel.opening('device', webcam('2'));
  assert.equal(panel.insight, 'some', 'it may be another one');
});

test('the test picture in the place of a device tells nothing of it, though pictures come', async (t) => {
  const panel = panelOf(t, 'device');
  await panel.opening('device', webcam('1'));
  panel.measured(format);
  await panel.opening('test', null);
  panel.measured({ ...format, encoded: true });
  assert.equal(panel.insight, 'none');
  await panel.opening('device', webcam('1'));
  assert.equal(panel.insight, 'some');
  assert.ok(!('quality' in panel.knobs), 'that was the test picture’s');
});

test('other sources, the test picture among them, are what is meant', async (t) => {
  for (const kind of ['test', 'file', 'url'] as const) {
    const panel = panelOf(t, kind);
    await panel.opening(kind, null);
    assert.equal(panel.insight, 'some', kind);
    panel.measured(format);
    assert.equal(panel.insight, 'all', kind);
  }
});
