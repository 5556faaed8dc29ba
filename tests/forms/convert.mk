# Authoring and conversion.
.PHONY: vectors-xlsform
vectors-xlsform: all ## XLSForm cases of VECTORS/xlsform and xlsform-docs: the converter against the reference's own tests
	@tests/forms/vectors_xlsform.sh "$(VECTORS)" $(O)/candour

.PHONY: bench-convert
bench-convert: $(O)/tests/forms/bench_convert ## .xlsx of 2,000 questions to XForm, against reading its sheets alone
	@$<

.PHONY: library-xlsx
library-xlsx: ## forms/library: write each .xlsx anew from its .csv
	@for f in forms/library/*.csv; do python3 tools/csv2xlsx.py $$f $${f%.csv}.xlsx; done
