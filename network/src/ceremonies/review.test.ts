// What a review says: what changes, in words of the bytes; what that weakens; who has signed; and what is missing.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { ConfigGroup } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import { type Ceremony, gather, parseCeremony, textOfCeremony } from './ceremony-file.ts';
import { signCeremony } from './ceremony-signatures.ts';
import {
  groupAt,
  implicitPolicy,
  roleOf,
  signaturePolicy,
  withGroup,
  without,
  withPolicy,
  withValue,
} from './configuration-tree.ts';
import { firstBlock } from './founding.ts';
import { blockPolicy, orderersIn } from './orderer-set.ts';
import {
  addOrderer,
  addOrganisation,
  changeAnchorPeers,
  changeBatchTimeout,
  changeBlockSize,
  changePolicy,
  changeRevocationLists,
  proposeChaincode,
  proposeChange,
  removeOrderer,
  removeOrganisation,
  renewOrderer,
} from './proposals.ts';
import { type Review, reviewCeremony } from './review.ts';
import { textOfReview } from './review-text.ts';
import {
  canonical,
  type FoundedChannel,
  type Founder,
  foundedChannel,
  founder,
  plan,
} from './testing/founders.ts';

const { common, msp, orderer, peer } = fabricProtos;

let raft: FoundedChannel;
let bft: FoundedChannel;
let delta: Founder;
before(async () => {
  raft = await foundedChannel();
  bft = await foundedChannel(['AlphaMSP', 'BetaMSP', 'GammaMSP', 'EtaMSP'], 'bft');
  delta = await founder('DeltaMSP');
});

const placeOf = ({ founding, configuration }: FoundedChannel) => ({
  channel: 'consortium',
  genesis: founding.genesis,
  configuration,
});
type Change = (root: ConfigGroup) => ConfigGroup;
const proposed = (channel: FoundedChannel, change: Change): Ceremony =>
  proposeChange(placeOf(channel), change);
const reviewed = (channel: FoundedChannel, change: Change): Review =>
  reviewCeremony(proposed(channel, change), channel.place);
const linesAt = ({ changes }: Review, place: string) => {
  const found = changes.find((change) => change.place === place);
  assert.ok(found, `${place} of ${changes.map((change) => change.place).join(', ')}`);
  return found;
};

test('a fourth organisation is added with its authority by digest, and two of three administrators sign', () => {
  const file = proposed(raft, (root) => addOrganisation(root, delta.definition));
  const review = reviewCeremony(file, raft.place);
  assert.deepEqual(linesAt(review, '/Channel/Application').added, ['has the organisation DeltaMSP']);
  const msp = linesAt(review, '/Channel/Application/DeltaMSP/MSP').added;
  assert.match(
    msp.find((line) => line.startsWith('authority:'))!,
    /^authority: "CN=ca.DeltaMSP", valid to 2099-01-01, SHA-256 [0-9a-f]{64}$/,
  );
  assert.deepEqual(linesAt(review, '/Channel/Application/DeltaMSP/Admins').added, [
    'met by 1 of (DeltaMSP.admin)',
    'changes need Admins',
  ]);
  assert.deepEqual(
    review.policies.map(({ path, isMet, missing }) => [path, isMet, missing]),
    [
      ['/Channel/Application/Admins', false, '2 more of AlphaMSP, BetaMSP and GammaMSP'],
      ['/Channel/Orderer/Admins', false, '2 more of AlphaMSP, BetaMSP and GammaMSP'],
    ],
  );
  const one = reviewCeremony(signCeremony(file, raft.founders[1]!.admin), raft.place);
  assert.equal(one.isComplete, false);
  assert.equal(one.policies[0]!.missing, '1 more of AlphaMSP and GammaMSP');
  const two = reviewCeremony(
    signCeremony(signCeremony(file, raft.founders[1]!.admin), raft.founders[2]!.admin),
    raft.place,
  );
  assert.equal(two.isComplete, true);
  assert.deepEqual(
    two.signatures.map(({ mspId }) => mspId),
    ['BetaMSP', 'GammaMSP'],
  );
  assert.deepEqual(two.warnings, []);
});

test('signatures that differ in one byte are two, also where neither byte is a character', () => {
  const [one, other] = [0x80, 0x81].map((byte): Ceremony => {
    const signature = { header: Buffer.of(10), signature: Buffer.of(byte) };
    return { ...proposed(raft, (root) => changeBlockSize(root, 5)), signatures: [signature] };
  });
  assert.equal(gather([one!, other!]).signatures.length, 2);
  assert.equal(gather([one!, one!]).signatures.length, 1);
});

test('copies that were signed at several places at once are gathered into one', () => {
  const file = proposed(raft, (root) => changeBlockSize(root, 5));
  const [a, b] = raft.founders.map(({ admin }) => signCeremony(file, admin));
  const both = gather([a!, b!, a!]);
  assert.deepEqual(
    reviewCeremony(parseCeremony(Buffer.from(textOfCeremony(both))), raft.place).isComplete,
    true,
  );
  assert.throws(
    () => gather([a!, proposed(raft, (root) => changeBlockSize(root, 6))]),
    /different ceremonies/,
  );
});

test('removing an organisation is said with its authority, and that fewer then decide', () => {
  const without2 = removeOrderer(raft.configuration.root, { host: 'orderer0.gammamsp', port: 7050 });
  const review = reviewed(raft, () => removeOrganisation(without2, 'GammaMSP'));
  const { removed } = linesAt(review, '/Channel/Application');
  assert.ok(removed.includes('has the organisation GammaMSP'));
  assert.ok(removed.some((line) => /^with GammaMSP its authority: "CN=ca.GammaMSP"/.test(line)));
  assert.ok(
    review.warnings.includes('of 2 orderers 0 may fail, and 1 of 3 before'),
    review.warnings.join('\n'),
  );
  assert.throws(
    () => reviewed(raft, (root) => removeOrganisation(root, 'GammaMSP')),
    /still has the orderer orderer0.gammamsp:7050/,
  );
});

test('a policy that fewer, others, one alone or nobody could meet is warned of', () => {
  const warningsOf = (path: string, text: string) =>
    reviewed(raft, (root) => changePolicy(root, path, text)).warnings;
  const admins = '/Channel/Application/Admins';
  assert.deepEqual(warningsOf(admins, 'ALL Admins'), []);
  const [alone, fewer] = warningsOf(admins, 'ANY Admins');
  assert.equal(
    alone,
    'AlphaMSP alone could meet /Channel/Application/Admins: one organisation would decide for all',
  );
  assert.match(
    fewer!,
    /Application\/Admins could be met by AlphaMSP, who could not meet it before \(and so could 2 other/,
  );
  const [beta] = warningsOf(admins, "OutOf(1, 'BetaMSP.admin', 'BetaMSP.client')");
  assert.match(beta!, /^BetaMSP alone could meet/);
  assert.ok(
    warningsOf(admins, "AND('AlphaMSP.admin','OmegaMSP.admin')").some((line) =>
      line.includes('by nobody any more'),
    ),
  );
  const foreign = reviewed(raft, (root) => {
    const added = addOrganisation(root, { ...delta.definition, orderers: [] });
    return changePolicy(added, '/Channel/Application/DeltaMSP/Endorsement', "OR('AlphaMSP.peer')");
  });
  assert.ok(
    foreign.warnings.some((line) => line.includes('met by AlphaMSP, in the name of DeltaMSP')),
    foreign.warnings.join('\n'),
  );
  const hidden = reviewed(raft, (root) =>
    withPolicy(
      root,
      ['Application', 'BetaMSP'],
      ['Admins', root.groups.get('Application')!.groups.get('AlphaMSP')!.policies.get('Admins')!],
    ),
  );
  assert.ok(
    hidden.warnings.some((line) =>
      line.includes('/Channel/Application/BetaMSP/Admins could be met by AlphaMSP'),
    ),
  );
});

test('orderers that may no longer fail, or belong to one organisation, are warned of', () => {
  const more = (host: string) => ({ ...delta.definition.orderers[0]!, host });
  const two = reviewed(bft, (root) =>
    addOrderer(addOrderer(root, 'AlphaMSP', more('o1.alpha')), 'AlphaMSP', more('o2.alpha')),
  );
  assert.ok(
    two.warnings.includes('AlphaMSP would have 3 of 6 orderers: it could stop the channel alone'),
    two.warnings.join('\n'),
  );
  const three = reviewed(bft, (root) => removeOrderer(root, { host: 'orderer0.etamsp', port: 7050 }));
  assert.ok(three.warnings.includes('of 3 orderers 0 may fail, and 1 of 4 before'));
  const { changes } = three;
  assert.ok(
    changes.some(({ place }) => place === '/Channel/Orderer/BlockValidation'),
    'a quorum of those that are left signs blocks',
  );
  const two2 = reviewed(raft, (root) => removeOrderer(root, { host: 'orderer0.gammamsp', port: 7050 }));
  assert.ok(two2.warnings.includes('of 2 orderers 0 may fail, and 1 of 3 before'));
});

test('a certificate that ends soon, and until a renewed orderer works, are warned of', async () => {
  const soon = await raft.founders[0]!.authority.issue('orderer', {
    notAfter: new Date('2030-01-15T00:00:00Z'),
  });
  const review = reviewed(raft, (root) =>
    renewOrderer(root, { host: 'orderer0.alphamsp', port: 7050 }, { tls: canonical(soon.pem) }),
  );
  assert.deepEqual(review.warnings, [
    'until the new orderer works none of the others may fail',
    'the orderer orderer0.alphamsp:7050 has a certificate that expires within 30 days',
  ]);
  const { removed, added } = linesAt(review, '/Channel/Orderer/ConsensusType');
  assert.deepEqual([removed.length, added.length], [1, 1]);
  assert.match(
    added[0]!,
    /^orderer: host: orderer0.alphamsp; port: 7050; TLS client certificate: "OU=orderer, CN=|^orderer: host/,
  );
});

test('revoked certificates are named by their numbers; one that comes back is warned of', async () => {
  const { authority } = raft.founders[0]!;
  const [one, two] = await Promise.all([authority.issue('client'), authority.issue('client')]);
  const both = await authority.revoke([one, two]);
  const review = reviewed(raft, (root) => changeRevocationLists(root, 'AlphaMSP', [both]));
  const { added } = linesAt(review, '/Channel/Application/AlphaMSP/MSP');
  assert.ok(
    added.includes(`revoked: the certificate with serial number ${one.serialNumber}`),
    added.join('\n'),
  );
  assert.deepEqual(review.warnings, []);
  assert.deepEqual(
    review.policies.map(({ path, missing }) => [path, missing]),
    [
      ['/Channel/Application/AlphaMSP/Admins', 'AlphaMSP'],
      ['/Channel/Orderer/AlphaMSP/Admins', 'AlphaMSP'],
    ],
  );
  const Configuration = raft.configuration.constructor as new (of: object) => FoundedChannel['configuration'];
  const configuration = new Configuration({
    sequence: 0,
    root: changeRevocationLists(raft.configuration.root, 'AlphaMSP', [both]),
  });
  const fewer = await authority.revoke([one]);
  const back = proposeChange({ ...placeOf(raft), configuration }, (root) =>
    changeRevocationLists(root, 'AlphaMSP', [fewer]),
  );
  const { warnings } = reviewCeremony(back, { ...raft.place, configuration });
  assert.ok(
    warnings.includes(`Application/AlphaMSP would take back 1 revoked certificates: ${two.serialNumber}`),
    warnings.join('\n'),
  );
});

test('two organisations with one authority are one with two votes, and larger blocks are warned of', async () => {
  const twin = { ...delta.definition, mspId: 'DeltaMSP', orderers: [] };
  const alias = await founder('OmegaMSP', 0);
  const shared = reviewed(raft, (root) => {
    const one = addOrganisation(root, twin);
    return addOrganisation(one, { ...alias.definition, msp: sameAuthority(twin.msp, 'OmegaMSP') });
  });
  assert.ok(
    shared.warnings.some((line) => line.startsWith('DeltaMSP and OmegaMSP share an authority')),
    shared.warnings.join('\n'),
  );
  assert.match(
    reviewed(raft, (root) => changeBlockSize(root, 50)).warnings[0]!,
    /a block could hold 50 transactions, and 1 before/,
  );
});

function sameAuthority(msp: Uint8Array, name: string): Uint8Array {
  const text = Buffer.from(msp).toString('latin1').replace('DeltaMSP', name);
  return Buffer.from(text, 'latin1');
}

test('lost capabilities and a governor that nobody is are said', () => {
  const lost = reviewed(raft, (root) =>
    withGroup(root, ['Application'], (group) => ({
      ...group,
      values: without(group.values, 'Capabilities'),
    })),
  );
  assert.ok(
    lost.warnings.includes('/Channel/Application would lose the capability V2_5: older rules would count'),
  );
  const governor = reviewed(raft, (root) =>
    withGroup(root, ['Application'], (group) => ({
      ...group,
      policies: new Map(group.policies).set('Admins', {
        ...implicitPolicy('MAJORITY', 'Admins'),
        modPolicy: 'Readers',
      }),
    })),
  );
  const { removed, added } = linesAt(governor, '/Channel/Application/Admins');
  assert.deepEqual([removed, added], [['changes need Admins'], ['changes need Readers']]);
});

test('who may change what afterwards is compared, also where only the name of its governor changes', () => {
  const governed =
    (kind: 'policies' | 'values', name: string, modPolicy: string): Change =>
    (root) =>
      withGroup(root, ['Application'], (group) => {
        const item = { ...(group[kind].get(name) ?? implicitPolicy('ANY', 'Readers')), modPolicy };
        return {
          ...group,
          [kind]: new Map(group[kind] as ReadonlyMap<string, never>).set(name, item as never),
        };
      });
  const admins = reviewed(raft, governed('policies', 'Admins', 'Readers'));
  assert.ok(
    admins.warnings.includes('/Channel/Application/Admins could be changed by AlphaMSP, under Readers'),
    admins.warnings.join('\n'),
  );
  const values = reviewed(raft, governed('values', 'Capabilities', '/Channel/Application/Writers'));
  assert.match(
    values.warnings.join(),
    /Capabilities could be changed by AlphaMSP, under .Channel.Application.Writers/,
  );
  assert.match(
    reviewed(raft, governed('policies', 'Admins', 'Gone')).warnings.join(),
    /could be changed by nobody/,
  );
  assert.match(
    reviewed(raft, governed('policies', 'Later', 'Writers')).warnings.join(),
    /Later could be changed by Alpha/,
  );
  assert.deepEqual(reviewed(raft, governed('policies', 'Later', 'Admins')).warnings, []);
  assert.deepEqual(reviewed(raft, governed('policies', 'Admins', '/Channel/Admins')).warnings, []);
});

test('a policy that asks for nobody, or is over no organisation, is met by anyone', () => {
  const nobody = signaturePolicy({ least: 0, rules: [0] }, [roleOf('AlphaMSP', 'admin')]);
  const path = '/Channel/Application/Admins';
  const zero = reviewed(raft, (root) => withPolicy(root, ['Application'], ['Admins', nobody]));
  assert.equal(zero.warnings[0], `anyone could meet ${path}, without a signature of any organisation`);
  assert.ok(
    zero.warnings.some((line) =>
      line.startsWith(`${path} could be met by anyone, who could not meet it before`),
    ),
  );
  const empty = reviewed(raft, (root) =>
    withGroup(root, ['Application'], (group) => ({ ...group, groups: new Map() })),
  );
  assert.ok(empty.warnings.includes(`anyone could meet ${path}, without a signature of any organisation`));
});

test('what is there twice afterwards is said, although it was there once before', () => {
  const twice = reviewed(raft, (root) => {
    const { host, port } = { host: 'peer.alphamsp', port: 7051 };
    return changeAnchorPeers(root, 'AlphaMSP', [
      { host, port },
      { host, port },
    ]);
  });
  assert.deepEqual(linesAt(twice, '/Channel/Application/AlphaMSP/AnchorPeers').added, [
    'anchor peer: host: peer.alphamsp; port: 7051',
  ]);
});

test('twelve organisations are compared, and of more it is said that they are not', async () => {
  const names = Array.from({ length: 12 }, (_, at) => `Hospital${'ABCDEFGHKMNP'[at]}MSP`);
  const many = await foundedChannel(names);
  const path = '/Channel/Application/Admins';
  const { warnings } = reviewed(many, (root) => changePolicy(root, path, 'ANY Admins'));
  assert.match(warnings[0]!, /^HospitalAMSP alone could meet/);
  const thirteen = reviewed(many, (root) => addOrganisation(root, { ...delta.definition, orderers: [] }));
  assert.ok(thirteen.warnings.some((line) => line.includes('more than 12 organisations')));
});

test('a further authority, and other roles, in the name of an organisation are warned of', () => {
  const withMsp =
    (change: (config: InstanceType<typeof msp.FabricMSPConfig>) => void): Change =>
    (root) =>
      ['Application', 'Orderer'].reduce((tree, section) => {
        const { value } = groupAt(tree, [section, 'BetaMSP']).values.get('MSP')!;
        const wrapped = msp.MSPConfig.deserializeBinary(value);
        const config = msp.FabricMSPConfig.deserializeBinary(wrapped.getConfig_asU8());
        change(config);
        wrapped.setConfig(config.serializeBinary());
        return withValue(tree, [section, 'BetaMSP'], ['MSP', wrapped]);
      }, root);
  const further = reviewed(
    raft,
    withMsp((config) => void config.addRootCerts(Buffer.from(canonical(delta.authority.pem)))),
  );
  assert.deepEqual(further.warnings, [
    'BetaMSP would accept a further authority: who holds it speaks for BetaMSP',
  ]);
  const tls = reviewed(
    raft,
    withMsp((config) => void config.addTlsRootCerts(Buffer.from(canonical(delta.authority.pem)))),
  );
  assert.match(tls.warnings.join(), /a further authority of TLS/);
  const roles = reviewed(
    raft,
    withMsp((config) =>
      config.getFabricNodeOus()!.getAdminOuIdentifier()!.setOrganizationalUnitIdentifier('member'),
    ),
  );
  assert.deepEqual(roles.warnings, [
    'BetaMSP would make other certificates administrators, peers or clients',
  ]);
});

test('how orderers agree, what may be ordered and who may call what are warned of when they change', () => {
  const small = reviewed(raft, (root) => {
    const size = orderer.BatchSize.deserializeBinary(
      groupAt(root, ['Orderer']).values.get('BatchSize')!.value,
    );
    size.setAbsoluteMaxBytes(1024);
    return withValue(root, ['Orderer'], ['BatchSize', size]);
  });
  assert.deepEqual(small.warnings, [
    'what has more than 1024 bytes could not be ordered any more, changes of the channel too',
  ]);
  const acl = reviewed(raft, (root) => {
    const acls = new peer.ACLs();
    const resource = new peer.APIResource();
    resource.setPolicyRef('/Channel/Application/Writers');
    acls.getAclsMap().set('_lifecycle/CommitChaincodeDefinition', resource);
    return withValue(root, ['Application'], ['ACLs', acls]);
  });
  assert.ok(
    acl.warnings.includes('who may call what of a peer would change: read each line that begins with access'),
  );
  assert.deepEqual(
    linesAt(acl, '/Channel/Application/ACLs').added[0],
    'access: _lifecycle/CommitChaincodeDefinition; policy ref: /Channel/Application/Writers',
  );
  const faster = reviewed(bft, (root) => {
    const consensus = orderer.ConsensusType.deserializeBinary(
      groupAt(root, ['Orderer']).values.get('ConsensusType')!.value,
    );
    const options = orderer.smartbft.Options.deserializeBinary(consensus.getMetadata_asU8());
    options.setLeaderHeartbeatTimeout('1s');
    consensus.setMetadata(options.serializeBinary());
    return withValue(root, ['Orderer'], ['ConsensusType', consensus]);
  });
  assert.deepEqual(faster.warnings, [
    'how orderers agree would change: read each line of /Channel/Orderer/ConsensusType',
  ]);
  const blocks = reviewed(bft, (root) => {
    const entries = orderersIn(root).map((entry) => ({
      ...entry,
      bft: { ...entry.bft!, identity: Buffer.from(delta.definition.orderers[0]!.identity) },
    }));
    return withPolicy(root, ['Orderer'], ['BlockValidation', blockPolicy(entries)]);
  });
  assert.ok(
    blocks.warnings.some((line) => line.startsWith('blocks would not be signed by a quorum of the orderers')),
  );
  const gained = reviewed(raft, (root) => {
    const capabilities = new common.Capabilities();
    for (const name of ['V2_5', 'V9_9']) capabilities.getCapabilitiesMap().set(name, new common.Capability());
    return withValue(root, ['Application'], ['Capabilities', capabilities]);
  });
  assert.deepEqual(gained.warnings, [
    '/Channel/Application would gain the capability V9_9: nodes that do not know it stop',
  ]);
  assert.deepEqual(reviewed(bft, (root) => changeBatchTimeout(root, 300)).warnings, []);
});

test('all founders consent to one digest, which the same definitions make at every place', () => {
  const before = { ...raft.place, configuration: undefined, genesis: undefined };
  const definitions = raft.founders.map(({ definition }) => definition);
  assert.deepEqual(firstBlock(plan(), definitions), firstBlock(plan(), [...definitions].reverse()));
  const review = reviewCeremony(raft.founding, before);
  assert.equal(review.policies[0]!.missing, 'AlphaMSP, BetaMSP and GammaMSP');
  assert.deepEqual(review.warnings, []);
  const signed = raft.founders.reduce((file, { admin }) => signCeremony(file, admin), raft.founding);
  assert.equal(reviewCeremony(signed, before).isComplete, true);
  const single = reviewCeremony(signed, { ...before, genesis: raft.founding.genesis });
  assert.equal(single.genesis, raft.founding.genesis);
});

test('a chaincode is reviewed by its definition, and warned of where fewer could endorse', () => {
  const place = placeOf(raft);
  const chaincode = { name: 'consilium', version: '0.2.0', sequence: 3, policy: 'MAJORITY' };
  const review = reviewCeremony(proposeChaincode(place, chaincode), raft.place);
  assert.deepEqual(review.changes[0]!.added, [
    'name: consilium',
    'version: 0.2.0',
    'sequence: 3',
    'endorsed as /Channel/Application/Endorsement asks',
    'checked by escc and vscc',
  ]);
  assert.deepEqual(review.warnings, []);
  const any = proposeChaincode(place, { ...chaincode, policy: "OR('AlphaMSP.peer','BetaMSP.peer')" });
  assert.deepEqual(reviewCeremony(any, raft.place).warnings, [
    "peers of AlphaMSP alone could endorse, and 2 organisations by the channel's own policy",
  ]);
});

test('the text says the digest, the warnings first, who signed and what is missing', () => {
  const file = signCeremony(
    proposed(raft, (root) => changePolicy(root, '/Channel/Application/Admins', 'ANY Admins')),
    raft.founders[0]!.admin,
  );
  const review = reviewCeremony(file, raft.place);
  const text = textOfReview(review);
  assert.match(text, new RegExp(`Digest of what is signed: ${review.digest}`));
  assert.ok(text.indexOf('WARNING') < text.indexOf('What changes'));
  assert.match(text, /- met by a majority of the Admins below it\n.*\+ met by any of the Admins below it/);
  assert.match(text, /AlphaMSP: ".*", valid to 2099-01-01/);
  assert.match(text, /\/Channel\/Application\/Admins: missing 1 more of BetaMSP and GammaMSP/);
  assert.doesNotMatch(text, /[^\x20-\x7e\n]/);
});
