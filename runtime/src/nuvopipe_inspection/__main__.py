"""`python -I -S nuvopipe_inspection`: inspects Python code without running it. See `src/language/python/inspection.ts`."""

from inspection import main

main()
