import { describe, expect, test } from 'vitest';
import { deviceNames, movedDevices } from '../web/status/report.ts';

const lost = { asked: 'cuda:1', runs: 'cpu', why: 'The GPU was lost.' };
const devices = [{ asked: 'cuda:0', runs: 'cuda:0', why: null }, lost, lost];

describe('The devices of a server', () => {
  test('are named where its threads run, with how many', () => {
    expect(deviceNames({ devices })).toBe('cuda:0, cpu × 2');
    expect(deviceNames({})).toBe('');
  });

  test('that are not in use are told once each', () => {
    expect(movedDevices({ devices })).toEqual([{ asked: 'cuda:1', why: 'The GPU was lost.' }]);
    expect(movedDevices({})).toEqual([]);
  });
});
