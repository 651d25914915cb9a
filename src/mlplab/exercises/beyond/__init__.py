"""Beyond the chapter: what populations can show and courses call too heavy."""
