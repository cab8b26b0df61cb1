import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { describe, it } from 'node:test';
import { proxyList } from '../http/connection-limits.ts';
import { addressOf, refusalOfAddress, refusalOfTarget, targetHosts } from './webhook-targets.ts';

const NOTHING = new BlockList();

describe('the hosts that webhooks may go to', () => {
  it('are read with their ports, 443 where none is named', () => {
    assert.deepEqual(
      [...targetHosts(' siem.hospital.example , HOOKS.example:8443,[2001:db8::7]:444,')],
      ['siem.hospital.example:443', 'hooks.example:8443', '[2001:db8::7]:444'],
    );
  });

  it('are refused where they are none', () => {
    for (const text of [
      'https://a.example',
      'a.example/',
      '*',
      '*.example',
      'a b',
      'a:0',
      'a:65536',
      'u@a',
      '-a',
    ]) {
      assert.throws(() => targetHosts(text), /is no host such as/, text);
    }
  });

  const hosts = targetHosts('siem.hospital.example,hooks.example:8443');

  it('take an address whatever its path, and in any letters', () => {
    for (const url of [
      'https://siem.hospital.example/a?b=c',
      'https://SIEM.hospital.example:443/',
      'https://hooks.example:8443',
    ]) {
      assert.equal(refusalOfTarget(url, { hosts }), undefined, url);
    }
  });

  it('take no other host, port, scheme or form, however it is written', () => {
    const refused: [string, RegExp][] = [
      ['http://siem.hospital.example/', /must begin with https/],
      ['ftp://siem.hospital.example/', /must begin with https/],
      ['siem.hospital.example', /is no address/],
      ['https://siem.hospital.example:8443/', /not one of the hosts/],
      ['https://hooks.example/', /not one of the hosts/],
      ['https://siem.hospital.example.evil.example/', /not one of the hosts/],
      ['https://siem.hospital.example@evil.example/', /no user/],
      ['https://user:secret@siem.hospital.example/', /no user/],
      ['https://evil.example/#siem.hospital.example', /no fragment/],
      ['https://evil.example\\@siem.hospital.example/', /not one of the hosts/],
      ['https://siem.hospital.example./', /not one of the hosts/],
      ['https://127.0.0.1/', /not one of the hosts/],
      ['https://0x7f.1/', /not one of the hosts/],
      ['https://2130706433/', /not one of the hosts/],
      ['https://[::1]/', /not one of the hosts/],
    ];
    for (const [url, why] of refused) assert.match(refusalOfTarget(url, { hosts }) ?? '', why, url);
  });
});

describe('an address that a host resolves to', () => {
  it('is not asked where it is of this machine, of the link, of nobody or of many, in any notation', () => {
    const refused = [
      ...[
        '127.0.0.1',
        '127.9.9.9',
        '0.0.0.0',
        '169.254.169.254',
        '224.0.0.1',
        '255.255.255.255',
        '100.100.100.200',
      ],
      ...['::1', '::', 'fe80::1', 'febf::1', 'ff02::1', 'fd00:ec2::254', '::127.0.0.1', '64:ff9b::7f00:1'],
      ...[
        '::ffff:127.0.0.1',
        '::ffff:7f00:1',
        '::ffff:a9fe:a9fe',
        '2002:7f00:1::',
        '::ffff:0:127.0.0.1',
        'text',
      ],
    ];
    for (const address of refused) assert.notEqual(refusalOfAddress(address, NOTHING), undefined, address);
  });

  it('is asked inside and outside of the hospital', () => {
    for (const address of [
      '10.1.2.3',
      '192.168.1.1',
      '172.16.0.1',
      '203.0.113.9',
      '2001:db8::7',
      'fd12::1',
      '::ffff:10.0.0.1',
    ])
      assert.equal(refusalOfAddress(address, NOTHING), undefined, address);
  });

  it('may be one of this machine that the operator allows, never one of the link', () => {
    const allowed = proxyList(['127.0.0.1', '::1', '169.254.0.0/16', '0.0.0.0/0']);
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
      assert.equal(refusalOfAddress(address, allowed), undefined, address);
    assert.match(refusalOfAddress('169.254.169.254', allowed) ?? '', /of the link/);
  });

  it('refuses the name where only one of several addresses is refused', async () => {
    const resolve = async () => ['203.0.113.9', '127.0.0.1'];
    await assert.rejects(addressOf('a.example', NOTHING, resolve), /a\.example is not asked: 127\.0\.0\.1/);
    assert.equal(
      await addressOf('a.example', NOTHING, async () => ['203.0.113.9', '10.0.0.1']),
      '203.0.113.9',
    );
    await assert.rejects(
      addressOf('a.example', NOTHING, async () => []),
      /no address/,
    );
    await assert.rejects(addressOf('[::1]', NOTHING), /this machine/);
  });
});
