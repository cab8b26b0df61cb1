// Columns that several answers have, in the same words.
import { word } from './answer.ts';

export const STUDY = {
  studyId: word({ title: 'Study', means: 'Id of the study.', example: 'heart-2026' }),
  studyTitle: word({
    title: 'Title of the study',
    means: 'As its requester wrote it.',
    example: 'Coronary disease from routine findings',
  }),
};

export const DATASET = {
  datasetId: word({ title: 'Dataset', means: 'Id of the dataset.', example: 'cleveland-heart' }),
  datasetTitle: word({
    title: 'Title of the dataset',
    means: 'As its owner wrote it.',
    example: 'Heart clinic of Cleveland',
  }),
};

export const OWNER = {
  owner: word({ title: 'Owner', means: 'MSP id of its hospital.', example: 'ClevelandMSP' }),
  ownerTitle: word({ title: 'Hospital', means: 'Title of its hospital.', example: 'Cleveland Clinic' }),
};
