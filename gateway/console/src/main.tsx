// Starts the console in its page.
import './styles/tokens.css';
import './styles/base.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.tsx';
import { applyTheme } from './app/theme.ts';
import { startTexts } from './texts/texts.ts';

applyTheme();
startTexts();
createRoot(document.getElementById('root')!).render(<App />);
