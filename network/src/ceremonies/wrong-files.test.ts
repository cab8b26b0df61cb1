// Files that nobody should sign, each refused with its reason: changed on their way, of another channel or another
// time, carrying what a review would not show, or signed by those who may not.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import { ChannelConfiguration } from '@consilium/verify/channel';
import { withFieldMore } from '@consilium/verify/testing/certificate-forms';
import { highS } from '@consilium/verify/testing/signature-forms';
import { Authority } from '@consilium/verify/testing/test-authority';
import fabricProtos from '@hyperledger/fabric-protos';
import { type Ceremony, parseCeremony, textOfCeremony } from './ceremony-file.ts';
import { type SigningIdentity, signCeremony } from './ceremony-signatures.ts';
import { pemOf, subjectOf } from './certificates-in-words.ts';
import { computeUpdate, serializeUpdate, updateBytes } from './compute-update.ts';
import {
  anyRole,
  newGroup,
  roleOf,
  signaturePolicy,
  withGroup,
  withPolicy,
  withValue,
} from './configuration-tree.ts';
import { anchorsOf, proposeFounding } from './founding.ts';
import { orderersIn, withOrderers } from './orderer-set.ts';
import type { OrganisationDefinition } from './organisation-definition.ts';
import {
  addOrganisation,
  changeBatchTimeout,
  changeRevocationLists,
  proposeChaincode,
  proposeChange,
  removeOrderer,
  removeOrganisation,
} from './proposals.ts';
import { RefusedCeremonyError } from './refused-ceremony.ts';
import { reviewCeremony } from './review.ts';
import {
  canonical,
  type FoundedChannel,
  type Founder,
  foundedChannel,
  founder,
  identityOf,
  plan,
} from './testing/founders.ts';

const { common, msp, orderer } = fabricProtos;
type Tree = FoundedChannel['configuration']['root'];

let channel: FoundedChannel;
let timeout: Ceremony;
before(async () => {
  channel = await foundedChannel();
  timeout = proposed((root) => changeBatchTimeout(root, 500));
});

const admin = (at: number): SigningIdentity => channel.founders[at]!.admin;
const place = () => ({
  channel: 'consortium',
  genesis: channel.founding.genesis,
  configuration: channel.configuration,
});
const proposed = (change: (root: Tree) => Tree): Ceremony => proposeChange(place(), change);
const withBytes = (bytes: Uint8Array): Ceremony => ({ ...timeout, bytes });
const onTree = (change: (root: Tree) => Tree): Ceremony => {
  const { root } = channel.configuration;
  return withBytes(updateBytes('consortium', root, change(root)));
};

function refused(reason: RegExp, work: () => unknown): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof RefusedCeremonyError, String((error as Error).stack));
    assert.match(error.message, reason);
    return true;
  });
}
const refusedReview = (reason: RegExp, ceremony: Ceremony) =>
  refused(reason, () => reviewCeremony(ceremony, channel.place));
const refusedFile = (reason: RegExp, text: string | Buffer) =>
  refused(reason, () => parseCeremony(Buffer.from(text)));

test('the file that the others spoil is reviewed and signed', () => {
  const signed = signCeremony(signCeremony(timeout, admin(0)), admin(1));
  const review = reviewCeremony(parseCeremony(Buffer.from(textOfCeremony(signed))), channel.place);
  assert.equal(review.isComplete, true);
  assert.deepEqual(review.changes, [
    {
      place: '/Channel/Orderer/BatchTimeout',
      kind: 'value',
      removed: ['timeout: 200ms'],
      added: ['timeout: 500ms'],
    },
  ]);
});

test('a file that was cut, edited, written otherwise, too large or of another format is refused', () => {
  const text = textOfCeremony(timeout);
  refusedFile(/no JSON/, text.slice(0, -10));
  refusedFile(/no JSON/, '');
  refusedFile(/no ceremony/, '[]');
  refusedFile(/not of the format/, text.replace('consilium-ceremony/1', 'consilium-ceremony/2'));
  refusedFile(
    /not written as a ceremony is/,
    text.replace('"kind"', '"note": "only the timeout changes",\n  "kind"'),
  );
  refusedFile(
    /not written as a ceremony is/,
    text.replace('"kind": "channel"', '"kind": "founding",\n  "kind": "channel"'),
  );
  refusedFile(/not written as a ceremony is/, `${text}\n`);
  refusedFile(/no JSON/, `\ufeff${text}`);
  refusedFile(/kind must be/, text.replace('"channel",', '"chanel",'));
  refusedFile(/sequence must be a number/, text.replace('"sequence": 0', '"sequence": -1'));
  refusedFile(/sequence must be a number/, text.replace('"sequence": 0', '"sequence": 0.5'));
  refusedFile(/genesis must be/, text.replace(/"genesis": "./, '"genesis": "G'));
  refusedFile(/bytes must be base64/, text.replace(/"bytes": "/, '"bytes": "*'));
  refusedFile(/channel is named/, text.replace('"consortium"', '"c\u043ensortium"'));
  refusedFile(/at most 2097152/, Buffer.alloc(3 * 1024 * 1024, 32));
});

test('a file of another channel, another first block or another configuration is refused', () => {
  refusedReview(/for the channel other, and this place is in consortium/, { ...timeout, channel: 'other' });
  refusedReview(/whose first block is 0{64}/, { ...timeout, genesis: '0'.repeat(64) });
  refusedReview(/number 3, and the channel has number 0: it is outdated/, { ...timeout, sequence: 3 });
  const { root } = channel.configuration;
  const elsewhere = updateBytes('elsewhere', root, changeBatchTimeout(root, 500));
  refusedReview(/its update for "elsewhere"/, withBytes(elsewhere));
  const later = reviewedAfter(timeout);
  refused(/outdated/, () => reviewCeremony(timeout, later));
  refused(/read another version/, () => reviewCeremony({ ...timeout, sequence: 1 }, later));
  refused(/no configuration of the channel/, () =>
    reviewCeremony(timeout, { ...channel.place, configuration: undefined }),
  );
});

function reviewedAfter(ceremony: Ceremony) {
  const configuration = afterOf(ceremony);
  return { ...channel.place, configuration };
}

function afterOf(_: Ceremony): FoundedChannel['configuration'] {
  const { root } = channel.configuration;
  const value = root.groups.get('Orderer')!.values.get('BatchTimeout')!;
  const bumped = withGroup(changeBatchTimeout(root, 500), ['Orderer'], (group) => ({
    ...group,
    values: new Map(group.values).set('BatchTimeout', {
      ...group.values.get('BatchTimeout')!,
      version: value.version + 1,
    }),
  }));
  const Configuration = channel.configuration.constructor as new (of: {
    sequence: number;
    root: Tree;
  }) => FoundedChannel['configuration'];
  return new Configuration({ sequence: 1, root: bumped });
}

test('bytes that say more than the review shows are refused, however deep they are', () => {
  const unknownField = Buffer.from([0xa2, 0x06, 0x01, 0x78]);
  refusedReview(
    /update holds fields that this version does not know/,
    withBytes(Buffer.concat([timeout.bytes, unknownField])),
  );
  refusedReview(
    /update holds fields|cannot be read/,
    withBytes(Buffer.concat([timeout.bytes, timeout.bytes])),
  );
  const inValue = onTree((root) =>
    withValue(
      root,
      ['Orderer'],
      [
        'BatchTimeout',
        { serializeBinary: () => Buffer.concat([Buffer.from([0x0a, 0x02, 0x31, 0x73]), unknownField]) },
      ],
    ),
  );
  refusedReview(/BatchTimeout holds fields that this version does not know/, inValue);
  refusedReview(
    /a value that this version has no words for/,
    onTree((root) => withValue(root, ['Orderer'], ['Surprise', new orderer.BatchTimeout()])),
  );
  refusedReview(
    /MSP holds fields/,
    onTree((root) =>
      withMsp(root, 'AlphaMSP', (config) => Buffer.concat([config.serializeBinary(), unknownField])),
    ),
  );
  const isolated = common.ConfigUpdate.deserializeBinary(timeout.bytes);
  isolated.getIsolatedDataMap().set('note', Buffer.from('harmless'));
  refusedReview(/not written as this version writes it/, withBytes(isolated.serializeBinary()));
});

function withMsp(
  root: Tree,
  mspId: string,
  change: (config: InstanceType<typeof msp.FabricMSPConfig>) => Uint8Array,
): Tree {
  const value = root.groups.get('Application')!.groups.get(mspId)!.values.get('MSP')!.value;
  const wrapped = msp.MSPConfig.deserializeBinary(value);
  wrapped.setConfig(change(msp.FabricMSPConfig.deserializeBinary(wrapped.getConfig_asU8())));
  return ['Application', 'Orderer'].reduce(
    (tree, section) => withValue(tree, [section, mspId], ['MSP', wrapped]),
    root,
  );
}

test('an update that leaves open which configuration it changes is refused, although Fabric would take it', () => {
  const { root } = channel.configuration;
  const small = serializeUpdate('consortium', computeUpdate(root, changeBatchTimeout(root, 500)));
  refusedReview(/leaves open which configuration it changes/, withBytes(small));
});

test('an update that changes nothing, or another version than the next, is refused', () => {
  refused(/nothing would change/, () => proposed((root) => changeBatchTimeout(root, 200)));
  const update = common.ConfigUpdate.deserializeBinary(timeout.bytes);
  const value = update.getWriteSet()!.getGroupsMap().get('Orderer')!.getValuesMap().get('BatchTimeout')!;
  value.setVersion(7);
  refusedReview(/the version 7/, withBytes(update.serializeBinary()));
  value.setVersion(0);
  refusedReview(/changes nothing/, withBytes(update.serializeBinary()));
});

test('names that look like others, or hide characters, are refused', async () => {
  const named = (name: string) =>
    onTree((root) =>
      withGroup(root, ['Application'], (group) => ({
        ...group,
        groups: new Map(group.groups).set(name, group.groups.get('AlphaMSP')!),
      })),
    );
  refusedReview(/is named "\\u\{410\}lphaMSP": names are of/, named('\u0410lphaMSP'));
  refusedReview(/is named/, named('Alpha\u202eMSP'));
  refusedReview(/is named/, named('Alpha\u200bMSP'));
  refusedReview(/is named/, named('Alpha MSP'));
  refusedReview(/A1phaMSP beside AlphaMSP, which looks like it/, named('A1phaMSP'));
  refusedReview(/8etaMSP beside BetaMSP|BetaMSP beside 8etaMSP/, named('8etaMSP'));
  refusedReview(/alphamsp beside AlphaMSP|AlphaMSP beside alphamsp/, named('alphamsp'));
  const sizeOf = (text: string) => {
    const made = new orderer.BatchTimeout();
    made.setTimeout(text);
    return onTree((root) => withValue(root, ['Orderer'], ['BatchTimeout', made]));
  };
  refusedReview(/characters that a review could hide/, sizeOf('500ms\u001b[2K\rtimeout: 200ms'));
  refusedReview(/characters that a review could hide/, sizeOf('500ms\ntimeout: 200ms'));
  refusedReview(/characters that a review could hide/, sizeOf('500ms; 200ms'));
  refusedReview(
    /characters that a review could hide/,
    onTree((root) =>
      withValue(
        root,
        ['Application', 'AlphaMSP'],
        ['AnchorPeers', anchorsOf([{ host: 'peer.\u0430lpha', port: 7051 }])],
      ),
    ),
  );
});

test('certificates with something around them, and private keys, are refused', () => {
  const beside = (root: Tree) =>
    withMsp(root, 'AlphaMSP', (config) => {
      const [pem] = config.getRootCertsList_asU8();
      config.setRootCertsList([Buffer.concat([Buffer.from('This is the authority of Beta.\n'), pem!])]);
      return config.serializeBinary();
    });
  refusedReview(/something around its certificate/, onTree(beside));
  const withKey = (root: Tree) =>
    withMsp(root, 'AlphaMSP', (config) => {
      config.setSigningIdentity(new msp.SigningIdentityInfo());
      return config.serializeBinary();
    });
  refusedReview(/a private key has no place in a channel/, onTree(withKey));
});

test('policies that name somebody whom their rule does not use are refused', () => {
  const unused = signaturePolicy({ least: 1, rules: [0] }, [
    roleOf('AlphaMSP', 'admin'),
    roleOf('BetaMSP', 'admin'),
  ]);
  refusedReview(
    /names somebody whom its rule does not use/,
    onTree((root) => withPolicy(root, ['Application'], ['Admins', unused])),
  );
  const nobody = signaturePolicy({ least: 1, rules: [3] }, [roleOf('AlphaMSP', 'admin')]);
  refusedReview(
    /asks for nobody/,
    onTree((root) => withPolicy(root, ['Application'], ['Admins', nobody])),
  );
});

test('what Fabric would refuse is refused before anyone signs it', async () => {
  const other = await founder('AlphaMSP');
  const renamedMsp = (root: Tree) =>
    withMsp(root, 'AlphaMSP', (config) => {
      config.setName('OmegaMSP');
      return config.serializeBinary();
    });
  refusedReview(/Fabric would refuse it: .*OmegaMSP/, onTree(renamedMsp));
  const twice = onTree((root) =>
    withValue(root, ['Application', 'AlphaMSP'], ['MSP', { serializeBinary: () => other.definition.msp }]),
  );
  refusedReview(/defines AlphaMSP twice, and not the same/, twice);
  const two = onTree((root) => withOrderers(root, orderersIn(root).slice(0, 1)));
  refusedReview(/Raft changes one orderer at a time, and this adds 0 and removes 2/, two);
  const noMsp = onTree((root) =>
    withGroup(root, ['Application'], (group) => ({
      ...group,
      groups: new Map(group.groups).set(
        'DeltaMSP',
        newGroup({ policies: [['Admins', anyRole('DeltaMSP', ['admin'])]] }),
      ),
    })),
  );
  refusedReview(/has no MSP/, noMsp);
});

test('signatures of strangers, clients, the expired and the revoked are refused, and double ones', async () => {
  const stranger = await founder('DeltaMSP');
  refusedReview(
    /signature 1: DeltaMSP is no organisation of the channel/,
    signCeremony(timeout, stranger.admin),
  );
  const pretender = await founder('AlphaMSP');
  refusedReview(/has no authority that issued the certificate/, signCeremony(timeout, pretender.admin));
  refusedReview(/no administrator of AlphaMSP/, signCeremony(timeout, channel.founders[0]!.client));
  const { authority } = channel.founders[0]!;
  const old = identityOf(await authority.issue('admin', { notAfter: new Date('2029-12-31T00:00:00Z') }));
  refusedReview(
    /signature 1: the certificate of AlphaMSP's administrator expired on 2029-12-31/,
    signCeremony(timeout, old),
  );
  const early = identityOf(await authority.issue('admin', { notBefore: new Date('2031-01-01T00:00:00Z') }));
  refusedReview(/not valid before 2031-01-01/, signCeremony(timeout, early));
  const once = signCeremony(timeout, admin(0));
  refusedReview(/signature 2: AlphaMSP has signed already/, signCeremony(once, admin(0)));
  const another = identityOf(await authority.issue('admin'));
  refusedReview(/signature 2: AlphaMSP has signed already/, signCeremony(once, another));
  refused(/is not its certificate's/, () => signCeremony(timeout, { ...admin(0), key: admin(1).key }));
});

test('a signer whose certificate the channel revoked is refused', async () => {
  const fresh = await foundedChannel();
  const { authority } = fresh.founders[0]!;
  const leaver = await authority.issue('admin');
  const list = await authority.revoke([leaver]);
  const root = changeRevocationLists(fresh.configuration.root, 'AlphaMSP', [list]);
  const Configuration = fresh.configuration.constructor as new (
    of: object,
  ) => FoundedChannel['configuration'];
  const configuration = new Configuration({ sequence: 0, root });
  const at = { ...fresh.place, configuration };
  const file = proposeChange({ ...place(), genesis: fresh.founding.genesis, configuration }, (tree) =>
    changeBatchTimeout(tree, 500),
  );
  refused(/signature 1: a signer of AlphaMSP: its certificate is revoked/, () =>
    reviewCeremony(signCeremony(file, identityOf(leaver)), at),
  );
});

test('a file that was changed after a signature, and a signature from elsewhere, are refused', () => {
  const signed = signCeremony(timeout, admin(0));
  const other = proposed((root) => changeBatchTimeout(root, 600));
  refusedReview(/AlphaMSP signed another file/, { ...other, signatures: signed.signatures });
  const elsewhere = signCeremony({ ...timeout, genesis: 'f'.repeat(64) }, admin(0));
  refusedReview(/AlphaMSP signed another file: .*another channel/, {
    ...timeout,
    signatures: elsewhere.signatures,
  });
  const [one] = signed.signatures;
  const spoiled = Buffer.from(one!.signature);
  spoiled[spoiled.length - 1]! ^= 1;
  refusedReview(/a signature of AlphaMSP does not hold/, {
    ...timeout,
    signatures: [{ ...one!, signature: spoiled }],
  });
  const twin = highS(one!.signature);
  refusedReview(/a signature of AlphaMSP does not hold/, {
    ...timeout,
    signatures: [{ ...one!, signature: twin }],
  });
  const header = Buffer.concat([one!.header, Buffer.from([0xa2, 0x06, 0x01, 0x78])]);
  refusedReview(/header of signature 1 holds fields/, { ...timeout, signatures: [{ ...one!, header }] });
});

test('a founding whose digest is not its block, or whose block holds more, is refused', async () => {
  const before = { ...channel.place, configuration: undefined, genesis: undefined };
  const { founding } = channel;
  assert.equal(reviewCeremony(founding, before).isComplete, false);
  refused(/genesis digest is not its block's/, () =>
    reviewCeremony({ ...founding, genesis: '0'.repeat(64) }, before),
  );
  const more = Buffer.concat([founding.bytes, Buffer.from([0xa2, 0x06, 0x01, 0x78])]);
  refused(/block holds fields/, () => reviewCeremony({ ...founding, bytes: more }, before));
  const block = common.Block.deserializeBinary(founding.bytes);
  block.getMetadata()!.addMetadata(Buffer.from('hidden'));
  refused(/not written as this version writes it/, () =>
    reviewCeremony({ ...founding, bytes: block.serializeBinary() }, before),
  );
  refused(/this place agreed to 1{64}/, () =>
    reviewCeremony(founding, { ...before, genesis: '1'.repeat(64) }),
  );
  refused(/has the sequence 0/, () => reviewCeremony({ ...founding, sequence: 1 }, before));
});

test("a founding or a newcomer that is not what the organisation's own definition says is refused", async () => {
  const before = { ...channel.place, configuration: undefined, genesis: undefined };
  const [alpha, beta] = channel.founders;
  const definitions = [alpha!.definition];
  assert.equal(reviewCeremony(channel.founding, { ...before, definitions }).isComplete, false);
  const stranger = await founder('StrangerMSP');
  const spoiled = (change: (definition: OrganisationDefinition) => OrganisationDefinition) =>
    proposeFounding(plan(), [change(alpha!.definition), beta!.definition]);
  const further = spoiled((definition) => ({
    ...definition,
    msp: withFurtherRoot(definition.msp, stranger),
  }));
  refused(/\/Channel\/Application\/AlphaMSP is not what AlphaMSP defined/, () =>
    reviewCeremony(further, { ...before, definitions }),
  );
  const other = spoiled(({ orderers: [node], ...rest }) => ({
    ...rest,
    orderers: [{ ...node!, clientTls: stranger.definition.orderers[0]!.clientTls }],
  }));
  refused(/the orderer orderer0.alphamsp:7050 has other certificates than AlphaMSP defined/, () =>
    reviewCeremony(other, { ...before, definitions }),
  );
  const joining = proposed((root) => addOrganisation(root, { ...stranger.definition, anchorPeers: [] }));
  assert.equal(reviewCeremony(joining, channel.place).isComplete, false);
  refused(/StrangerMSP is not what StrangerMSP defined/, () =>
    reviewCeremony(joining, { ...channel.place, definitions: [stranger.definition] }),
  );
  refused(/there is no .Channel.Application.StrangerMSP/, () =>
    reviewCeremony(timeout, { ...channel.place, definitions: [stranger.definition] }),
  );
});

function withFurtherRoot(bytes: Uint8Array, stranger: Founder): Uint8Array {
  const wrapped = msp.MSPConfig.deserializeBinary(bytes);
  const config = msp.FabricMSPConfig.deserializeBinary(wrapped.getConfig_asU8());
  config.addRootCerts(Buffer.from(canonical(stranger.authority.pem)));
  wrapped.setConfig(config.serializeBinary());
  return wrapped.serializeBinary();
}

test('a definition of chaincode with another sequence, hidden fields or unknown policies is refused', () => {
  const plan = { name: 'consilium', version: '1', sequence: 2, policy: 'MAJORITY' };
  const file = proposeChaincode(place(), plan);
  assert.equal(reviewCeremony(file, channel.place).sequence, 2);
  refusedReview(/sequence is not its definition's/, { ...file, sequence: 3 });
  refusedReview(/definition of the chaincode holds fields/, {
    ...file,
    bytes: Buffer.concat([file.bytes, Buffer.from([0xa2, 0x06, 0x01, 0x78])]),
  });
  const definition = fabricProtos.peer.lifecycle.CommitChaincodeDefinitionArgs.deserializeBinary(file.bytes);
  definition.setName('c\u043ensilium');
  refusedReview(/chaincode is named/, { ...file, bytes: definition.serializeBinary() });
  refused(/is no policy/, () => proposeChaincode(place(), { ...plan, policy: "AND('AlphaMSP.peer'" }));
  refused(/asks for 3 of 1/, () =>
    proposeChaincode(place(), { ...plan, policy: "OutOf(3, 'AlphaMSP.peer')" }),
  );
});

test('a signature on one kind of ceremony is none on another with the same bytes', () => {
  const signed = signCeremony(timeout, admin(0));
  refusedReview(/signed another file/, { ...signed, kind: 'chaincode' });
});

test('certificates of a member as only Go reads them keep nobody from a review', async () => {
  const odd = (pem: string) => Buffer.from(pemOf('CERTIFICATE', withFieldMore(pem)));
  const [, beta] = channel.founders;
  const rsa = await Authority.create('BetaMSP', {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  });
  const none = Buffer.from(pemOf('CERTIFICATE', Buffer.from('no certificate')));
  assert.throws(() => new X509Certificate(odd(beta!.authority.pem)));
  const root = withMsp(channel.configuration.root, 'BetaMSP', (config) => {
    config.setRootCertsList([...config.getRootCertsList_asU8(), odd(beta!.authority.pem)]);
    config.setTlsRootCertsList([odd(beta!.authority.pem), Buffer.from(rsa.pem), none]);
    return config.serializeBinary();
  });
  const review = (before: Tree, change: (tree: Tree) => Tree) => {
    const configuration = new ChannelConfiguration({ sequence: 1, root: before });
    const ceremony = proposeChange({ ...place(), configuration }, change);
    return reviewCeremony(ceremony, { ...channel.place, configuration });
  };
  assert.ok(review(root, (tree) => changeBatchTimeout(tree, 500)).changes.length > 0);
  const itsOrderer = { host: 'orderer0.betamsp', port: 7050 };
  assert.ok(review(root, (tree) => removeOrderer(tree, itsOrderer)).changes.length > 0);
  const without = removeOrderer(root, itsOrderer);
  assert.ok(review(without, (tree) => removeOrganisation(tree, 'BetaMSP')).changes.length > 0);
  const former = channel.configuration.root.groups.get('Application')!.groups.get('BetaMSP')!;
  const backAgain = (tree: Tree) =>
    ['Application', 'Orderer'].reduce(
      (next, section) =>
        withValue(
          next,
          [section, 'BetaMSP'],
          ['MSP', { serializeBinary: () => former.values.get('MSP')!.value }],
        ),
      tree,
    );
  const removed = review(root, backAgain).changes.flatMap((change) => change.removed);
  assert.match(removed.join('\n'), /a certificate of a kind that no identity has/);
  const { fingerprint256 } = new X509Certificate(rsa.pem);
  const rsaSha256 = fingerprint256.replaceAll(':', '').toLowerCase();
  assert.ok(
    removed.some((line) => line.startsWith('TLS authority') && line.endsWith(rsaSha256)),
    removed.join('\n'),
  );
});

test('a name in a certificate is said part by part, and no text of it looks like a further part', () => {
  const said = (...names: readonly (readonly [string, string])[]) =>
    subjectOf({ names: names.map(([oid, text]) => ({ oid, text })) });
  assert.equal(said(['550403', 'orderer1'], ['55040a', 'Alpha']), '"CN=orderer1, O=Alpha"');
  assert.equal(said(['550403', 'a, O=Beta']), '"CN=a\\\\, O=Beta"');
  assert.equal(said(['2a864886f70d010901', 'it@alpha'], ['2a03', 'x']), '"emailAddress=it@alpha, 2a03=x"');
  assert.doesNotMatch(said(['550403', 'a\nO=B\u202e']), /[^\x20-\x7e]/);
});
