export type Theme = 'system' | 'light' | 'dark';

const KEY = 'theme';

function stored(): Theme {
  const theme = localStorage.getItem(KEY);
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

let theme = $state<Theme>(stored());

/** The theme that was chosen. */
export function chosenTheme(): Theme {
  return theme;
}

/** Chooses the theme; the first paint of the next visit has it by public/theme.js. */
export function chooseTheme(chosen: Theme): void {
  theme = chosen;
  if (chosen === 'system') {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(KEY, chosen);
    document.documentElement.dataset.theme = chosen;
  }
}
