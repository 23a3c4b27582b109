// Writes ../quantity.json: what Kubernetes itself makes of each text, for quantity.test.ts to compare with.
// Run it after a change of this table or of the pinned version: go run . > ../quantity.json
package main

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"

	"gopkg.in/inf.v0"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Both are null where ParseQuantity refuses the text.
type row struct {
	Text string `json:"text"`
	// Value is what Quantity.Value() returns, which wraps beyond 63 bits.
	Value *string `json:"value"`
	// Exact is the same without wrapping: the exact quantity rounded up, away from zero.
	Exact *string `json:"exact"`
}

func main() {
	rows := []row{}
	seen := map[string]bool{}
	for _, text := range texts() {
		if seen[text] {
			continue
		}
		seen[text] = true
		rows = append(rows, rowOf(text))
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	if err := out.Encode(rows); err != nil {
		panic(err)
	}
}

func rowOf(text string) row {
	quantity, err := resource.ParseQuantity(text)
	if err != nil {
		return row{Text: text}
	}
	value := strconv.FormatInt(quantity.Value(), 10)
	exact := new(inf.Dec).Round(quantity.AsDec(), 0, inf.RoundUp).String()
	return row{Text: text, Value: &value, Exact: &exact}
}

func texts() []string {
	texts := []string{}
	for _, suffix := range strings.Fields("n u m k M G T P E Ki Mi Gi Ti Pi Ei") {
		for _, number := range []string{"1", "100", "1.5", "0.001"} {
			texts = append(texts, number+suffix)
		}
	}
	lines := [][]string{
		// Plain numbers, signs, zeros and points.
		{"0", "1", "7", "1000", "1000000000000000", "00", "007", "0.0", "5.", ".5", "1.0", "1.000000001", "+1", "-1",
			"+0", "-0", "-1.5", "-0.1", "+.5", "-.5", "-5.", "-1M", "+1k", "-1Ki", "-100m", "-1n"},
		// Decimal exponents: upper case E alone is exa.
		{"1e3", "1E3", "1e+3", "1e-3", "1E+3", "1E-3", "1.5e6", "1.5E6", "0e5", "1e0", "1e06", "5.e2", ".5e2", "1e-9",
			"1e-10", "1e15", "1e18", "12e-1", "1E", "0E", "-1e3", "1e+0", "1e00003", "1e0000"},
		// Rounding up to whole numbers, and what is finer than a billionth.
		{"0.1", "0.9", "1.1", "1.999", "999m", "1000m", "1001m", "1500m", "1u", "1n", "0.5n", "0.1n", "0.0000000001",
			"1.0000000001", "1.00000000000000000001", "0.9999999999", "1.0Ki", "1.1Ki", "0.5Ki", "1.9999Ki", "0.0001Ki",
			"0.1Mi", "0.3Gi", "1.23456789k", "1.2345678901G", "1e-20", "-1.1", "-0.9", "-1001m", "-0.1n"},
		// Many digits, and what does not fit into 63 bits.
		{"123456789012345678", "999999999999999999", "1000000000000000000", "9223372036854775807",
			"9223372036854775808", "12345678901234567890", "100000000000000000000", "7E", "8E", "9.2E", "9.3E", "10E",
			"100E", "7Ei", "8Ei", "16Ei", "1e19", "1e20", "1e100", "9999999P", "0000000000000000000001",
			"0.00000000000000000000", "1.50000000000000000000", "123456789.987654321", "-9223372036854775808", "-10E",
			"-1e30"},
		// No quantities at all.
		{"", " ", "1 ", " 1", "1 M", "1\n", "\t1", ".", "+", "-", "+.", "-.", "--1", "+-1", "1-", "1+", "1.2.3", "1..",
			"M", "Mi", "m", "e3", "E3", ".M", "1K", "1ki", "1mi", "1g", "1Kb", "1kb", "1MB", "1Mbit", "1bps", "1Zi", "1Z",
			"1Y", "1KiB", "1Mm", "1kk", "1mM", "1e", "1e+", "1e-", "1E+", "1ee3", "1e3k", "1k3", "1M5", "1e3.5", "1e 3",
			"1,000", "1_000", "0x10", "1e0x1", "Inf", "NaN", "∞", "1µ", "１", "1k ", "100M\x00"},
	}
	for _, line := range lines {
		texts = append(texts, line...)
	}
	return texts
}
