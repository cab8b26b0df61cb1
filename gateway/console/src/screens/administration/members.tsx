// Who is a member, who was, and on whom the members vote.
import type { Departure, Member, MemberVote } from '@consilium/client/browser';
import { useQueries } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { apiQuery, useApiPages } from '../../api/queries.ts';
import { useMay, useSession } from '../../app/session.tsx';
import { HospitalName } from '../../components/names.tsx';
import { Section } from '../../components/page.tsx';
import { Empty, QueryState } from '../../components/query-state.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import styles from './administration.module.css';
import { VoteOnMember } from './member-vote.tsx';
import { OfficePage } from './office-page.tsx';

export default function Members() {
  const { t } = useTranslation('administration');
  const members = useApiPages('listMembers', { query: { limit: 100 } });
  const mayVotes = useMay('listMemberVotes');
  const mayDepartures = useMay('listDepartures');
  return (
    <OfficePage part="members">
      <Section title={t('members.table')}>
        <QueryState query={members}>
          {(items) => <MemberTable members={items} more={members.more} />}
        </QueryState>
      </Section>
      {mayVotes && (
        <Section title={t('members.votes')} lead={t('members.votesLead')}>
          <Votes members={members.data ?? []} />
        </Section>
      )}
      {mayDepartures && (
        <Section title={t('members.departures')}>
          <Departures />
        </Section>
      )}
    </OfficePage>
  );
}

interface MemberTableProps {
  readonly members: readonly Member[];
  readonly more: { readonly has: boolean; readonly isLoading: boolean; readonly load: () => void };
}

function MemberTable({ members, more }: MemberTableProps) {
  const { t } = useTranslation('administration');
  const { hospital } = useSession();
  const mayVote = useMay('voteOnMember');
  const columns: readonly Column<Member>[] = [
    {
      id: 'title',
      header: t('members.hospital'),
      isRowHeader: true,
      cell: ({ title }) => <bdi>{title}</bdi>,
      sortBy: ({ title }) => title,
    },
    { id: 'mspId', header: t('members.mspId'), cell: ({ mspId }) => <span className="mono">{mspId}</span> },
    {
      id: 'state',
      header: t('members.state'),
      cell: ({ left }) => <StateBadge state={left === undefined ? 'member' : 'left'} />,
    },
    {
      id: 'since',
      header: t('members.since'),
      cell: ({ registeredAt, left }) => <Time at={left?.leftAt ?? registeredAt} form="absolute" />,
      sortBy: ({ registeredAt, left }) => left?.leftAt ?? registeredAt,
    },
    {
      id: 'key',
      header: t('members.key'),
      cell: ({ keyNumber = 1, keySince, registeredAt }) => (
        <>
          {t('members.keyNumber', { number: keyNumber })}, <Time at={keySince ?? registeredAt} />
        </>
      ),
    },
    ...(mayVote
      ? [
          {
            id: 'vote',
            header: t('members.vote'),
            cell: (member: Member) =>
              member.mspId === hospital.mspId ? t('members.own') : <VoteOnMember member={member} />,
          },
        ]
      : []),
  ];
  return (
    <Table
      caption={t('members.table')}
      isCaptionUnseen
      columns={columns}
      rows={members}
      rowKey={({ mspId }) => mspId}
      more={more}
    />
  );
}

function Votes({ members }: { readonly members: readonly Member[] }) {
  const { t } = useTranslation('administration');
  const asked = useQueries({
    queries: members.map(({ mspId }) =>
      apiQuery('listMemberVotes', { path: { mspId }, query: { limit: 100 } }),
    ),
  });
  const failed = asked.find(({ error }) => error !== null);
  if (failed !== undefined) return <QueryState query={failed}>{() => null}</QueryState>;
  // Votes on a membership that has ended since, or has begun again, are decided.
  const open = members
    .map((member, index) => ({
      member,
      votes: (asked[index]?.data?.items ?? []).filter((vote) => isOpenOn(vote, member)),
    }))
    .filter(({ votes }) => votes.length > 0);
  if (open.length === 0) return <Empty title={t('members.noVotes')}>{t('members.noVotesDetail')}</Empty>;
  const voters = members.filter(({ left }) => left === undefined).length;
  return (
    <ul className={styles.list}>
      {open.map(({ member, votes }) => (
        <li key={member.mspId}>
          <h3>
            {t(`members.questions.${votes[0]!.question}`)} <HospitalName mspId={member.mspId} />
          </h3>
          <p className="small soft">
            {t('members.count', {
              accept: votes.filter(({ accept }) => accept).length,
              against: votes.filter(({ accept }) => !accept).length,
              voters,
            })}
          </p>
          <ul className={styles.votes}>
            {votes.map((vote) => (
              <li key={vote.voter}>
                <StateBadge state={vote.accept ? 'for' : 'against'} />
                <HospitalName mspId={vote.voter} />
                <bdi className="soft">“{vote.reason}”</bdi>
                <span className="small soft">
                  <Time at={vote.votedAt} />
                </span>
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

/** A vote on a removal is about the membership there is; one on a return, about the next after the one that ended. */
function isOpenOn({ question, membership }: MemberVote, member: Member): boolean {
  const present = member.membership ?? 1;
  return question === 'removal'
    ? member.left === undefined && membership === present
    : member.left !== undefined && membership > present;
}

function Departures() {
  const { t } = useTranslation('administration');
  const departures = useApiPages('listDepartures', { query: { limit: 50 } });
  const columns: readonly Column<Departure>[] = [
    {
      id: 'hospital',
      header: t('members.hospital'),
      isRowHeader: true,
      cell: ({ mspId }) => <HospitalName mspId={mspId} />,
    },
    { id: 'by', header: t('members.by'), cell: ({ by }) => t(`members.leftBy.${by}`) },
    { id: 'reason', header: t('members.reason'), cell: ({ reason }) => <bdi>{reason}</bdi> },
    { id: 'at', header: t('members.leftAt'), cell: ({ leftAt }) => <Time at={leftAt} form="absolute" /> },
  ];
  return (
    <QueryState query={departures} empty={<Empty title={t('members.noDepartures')} />} lines={2}>
      {(items) => (
        <Table
          caption={t('members.departures')}
          isCaptionUnseen
          columns={columns}
          rows={items}
          rowKey={({ mspId, membership }) => `${mspId} ${membership}`}
          more={departures.more}
        />
      )}
    </QueryState>
  );
}
