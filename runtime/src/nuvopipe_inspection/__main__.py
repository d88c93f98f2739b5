"""`python -I -S nuvopipe_inspection`: looks at Python code without running any of it. See `src/check/inspection.ts`."""

from inspection import main

main()
