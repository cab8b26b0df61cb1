// A dataset with the hospital whose patients it is about.
import { DatasetName, HospitalName } from '../../components/names.tsx';
import styles from './study.module.css';

export function DatasetOf({ datasetId, mspId }: { readonly datasetId: string; readonly mspId: string }) {
  return (
    <span className={styles.named}>
      <DatasetName datasetId={datasetId} />
      <span className="small soft">
        <HospitalName mspId={mspId} />
      </span>
    </span>
  );
}
