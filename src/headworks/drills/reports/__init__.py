"""Reports of drills: Markdown for people, JUnit XML for build servers. Texts from verdicts, nothing else."""
