-- What a person said of a paper of which the printer could not: printed or
-- not-printed. The state stays unknown: half a paper may still hang out.
ALTER TABLE print_jobs ADD COLUMN answer TEXT CHECK (answer IN ('printed', 'not-printed'));
