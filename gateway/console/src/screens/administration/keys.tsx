// API keys.
import { OfficePage } from './office-page.tsx';

export default function Keys() {
  return <OfficePage part="keys">{null}</OfficePage>;
}
