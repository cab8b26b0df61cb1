// Which model the hospitals train: one that this hospital's trainer builds, or one that is there already.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../app/session.tsx';
import { Code } from '../../components/copy.tsx';
import { Checkbox, Choices, Select, TextField } from '../../components/fields.tsx';
import { Facts } from '../../components/figure.tsx';
import { FileDrop } from '../../components/file-drop.tsx';
import { Failure } from '../../components/query-state.tsx';
import { type DraftModel, hiddenOf, MODEL_KINDS, type OwnGraph, type StudyModel } from './draft.ts';
import { placeId, useForm } from './form-state.ts';
import styles from './proposal.module.css';

const ACTIVATIONS = ['relu', 'tanh'] as const;

/** @param error why the trainer has not built it */
export function ModelField({ error }: { readonly error: Error | null }) {
  const { t } = useTranslation('proposal');
  const { draft, change, wrongAt } = useForm();
  const mayBuild = useMay('buildModelGraph');
  const { model } = draft;
  const set = (more: Partial<DraftModel>) => change({ model: { ...model, ...more } });
  const ways = [
    ...(mayBuild ? (['build', 'upload'] as const) : []),
    ...(model.given === undefined ? [] : (['given'] as const)),
  ];
  const wrong = wrongAt('model');
  // Then it is said at the widths themselves.
  const isBuildWrong = model.way === 'build' && mayBuild && hiddenOf(model.hidden) === undefined;
  return (
    <div id={placeId('model')} className={styles.fields}>
      {ways.length > 1 && (
        <Choices
          label={t('model.way')}
          value={model.way}
          onChange={(way) => set({ way })}
          choices={ways.map((value) => ({
            value,
            label: t(`model.${value}`),
            help: t(`model.${value}Help`),
          }))}
        />
      )}
      {ways.length === 0 && <p className="soft">{t('model.noTrainer')}</p>}
      {model.way === 'build' && mayBuild && <BuildFields model={model} onChange={set} />}
      {model.way === 'upload' && mayBuild && <OwnGraphFields model={model} onChange={set} />}
      {model.way === 'given' && model.given !== undefined && <GivenModel model={model.given} />}
      {model.way === 'build' && draft.datasets.length === 0 && (
        <p className="small soft">{t('model.needsDatasets')}</p>
      )}
      {wrong !== undefined && !isBuildWrong && <p className={styles.wrong}>{wrong}</p>}
      {error !== null && <Failure error={error} isOfAction />}
    </div>
  );
}

interface BuildProps {
  readonly model: DraftModel;
  readonly onChange: (more: Partial<DraftModel>) => void;
}

function BuildFields({ model, onChange }: BuildProps) {
  const { t } = useTranslation('proposal');
  const { wrongAt } = useForm();
  const isWrong = hiddenOf(model.hidden) === undefined && wrongAt('model') !== undefined;
  return (
    <>
      <Select
        label={t('model.kind')}
        value={model.kind}
        onChange={(kind) => onChange({ kind })}
        choices={MODEL_KINDS.map((value) => ({ value, label: t(`model.kinds.${value}`) }))}
      />
      {model.kind === 'multilayer-perceptron' && (
        <div className={styles.row}>
          <TextField
            label={t('model.hidden')}
            help={t('model.hiddenHelp')}
            error={isWrong ? t('model.hiddenWrong') : undefined}
            value={model.hidden}
            onChange={(hidden) => onChange({ hidden })}
            validationBehavior="aria"
          />
          <Select
            label={t('model.activation')}
            value={model.activation}
            onChange={(activation) => onChange({ activation })}
            choices={ACTIVATIONS.map((value) => ({ value, label: value }))}
          />
        </div>
      )}
      <Checkbox isSelected={model.localIntercept} onChange={(localIntercept) => onChange({ localIntercept })}>
        {t('model.localIntercept')}
      </Checkbox>
    </>
  );
}

/** A request of a trainer takes 16 MiB, a third of which is what base64 adds. */
const GRAPH_BYTES_MAX = 11 * 1024 * 1024;

/** Reads a file as it is sent. @throws where the browser cannot read it */
async function readGraph(file: File): Promise<OwnGraph> {
  const address = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  return {
    name: file.name,
    base64: address.slice(address.indexOf(',') + 1),
    key: crypto.getRandomValues(new Uint32Array(4)).join('-'),
  };
}

/** A graph of one's own, which the trainer reads and tries before it publishes it. */
function OwnGraphFields({ model, onChange }: BuildProps) {
  const { t } = useTranslation('proposal');
  const [wrong, setWrong] = useState<string>();
  const choose = async (file: File | undefined) => {
    if (file === undefined) return;
    if (file.size === 0 || file.size > GRAPH_BYTES_MAX) {
      setWrong(t('model.uploadLarge'));
      return;
    }
    setWrong(undefined);
    try {
      onChange({ own: await readGraph(file) });
    } catch {
      setWrong(t('model.uploadUnread'));
    }
  };
  return (
    <>
      <FileDrop
        label={t('model.uploadFile')}
        title={model.own?.name ?? t('model.uploadDrop')}
        choose={t('start.choose')}
        help={t('model.uploadFileHelp')}
        error={wrong}
        accept=".onnx"
        onChoose={(file) => void choose(file)}
      />
      <TextField
        label={t('model.localParameters')}
        help={t('model.localParametersHelp')}
        value={model.localParameters}
        onChange={(localParameters) => onChange({ localParameters })}
        isMono
        autoComplete="off"
      />
    </>
  );
}

/** What a study says of a model. */
function GivenModel({ model }: { readonly model: StudyModel }) {
  const { t } = useTranslation('study');
  return (
    <Facts
      facts={[
        [
          t('plan.facts.model'),
          t('plan.facts.modelValue', { parameters: model.parameters, inputs: model.inputs }),
        ],
        [
          t('plan.facts.localParameters'),
          model.localParameters.length === 0 ? (
            t('plan.none')
          ) : (
            <bdi key="local">{model.localParameters.join(', ')}</bdi>
          ),
        ],
        [t('plan.facts.graph'), <Code key="graph" text={model.graph.sha256} length={16} />],
      ]}
    />
  );
}
