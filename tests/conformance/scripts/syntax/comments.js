#!/usr/bin/env neocompute
// line <!-- not html
/* block
   */ function main() { const a = 1; // tail
  <!-- html-like comment in a script
  return a /* x */ + /* y */ 1;
}
--> also a comment
