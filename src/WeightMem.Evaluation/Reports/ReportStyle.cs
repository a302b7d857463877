namespace WeightMem.Evaluation.Reports;

/// <summary>The style sheet of the page: light and dark by the reader's setting, narrow screens, and print.</summary>
internal static class ReportStyle
{
    /// <summary>The sheet.</summary>
    public const string Sheet = """
        :root { color-scheme: light dark; --ink: #1c1e21; --soft: #5d636b; --line: #d9dce1; --strong: #1c1e21; --paper: #ffffff; --tint: #f4f6f8; --link: #1f5f93; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e4e6e9; --soft: #a0a7b0; --line: #363b42; --strong: #aeb4bc; --paper: #16181b; --tint: #1f2327; --link: #86bdea; }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 "Iowan Old Style", "Palatino Linotype", Palatino, "Noto Serif", "Source Serif 4", Georgia, serif; }
        main { max-width: 54rem; margin: 0 auto; padding: 3.2rem 1.4rem 4rem; }
        h1, h2, h3, table, figcaption strong, .files, .label, footer, code { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif; }
        h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -0.015em; margin: 0.2rem 0 1.2rem; text-wrap: balance; overflow-wrap: anywhere; }
        h2 { font-size: 1.2rem; line-height: 1.3; margin: 3.2rem 0 0.8rem; padding-bottom: 0.35rem; border-bottom: 1px solid var(--line); }
        p { margin: 0 0 1rem; overflow-wrap: anywhere; }
        a { color: var(--link); text-underline-offset: 0.15em; text-decoration-thickness: 0.06em; }
        .label { font-size: 0.8rem; letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); margin: 0; }
        .answer { font-size: 1.14rem; line-height: 1.6; margin: 0 0 1.2rem; }
        .verdict { border-left: 3px solid var(--strong); padding: 0.15rem 0 0.15rem 1rem; margin: 1.4rem 0 0; }
        .verdict strong { font-family: system-ui, -apple-system, "Segoe UI", Roboto, Arial, "Liberation Sans", sans-serif; }
        .note { color: var(--soft); font-size: 0.9rem; line-height: 1.5; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: 0.88rem; line-height: 1.35; font-variant-numeric: tabular-nums lining-nums; border-top: 2px solid var(--strong); border-bottom: 2px solid var(--strong); margin: 0 0 0.9rem; }
        th, td { padding: 0.55rem 0.7rem; text-align: right; vertical-align: top; }
        th:first-child, td:first-child { text-align: left; padding-left: 0.1rem; }
        th:last-child, td:last-child { padding-right: 0.1rem; }
        thead th { font-weight: 600; vertical-align: bottom; border-bottom: 1px solid var(--strong); }
        thead small { display: block; font-weight: 400; color: var(--soft); }
        tbody th { font-weight: 600; overflow-wrap: anywhere; }
        tbody tr + tr > * { border-top: 1px solid var(--line); }
        td small { display: block; color: var(--soft); font-size: 0.8em; white-space: nowrap; }
        td.text, th.text { text-align: left; }
        .battery { font-size: 0.78rem; }
        .battery th, .battery td { padding: 0.45rem 0.3rem; }
        .battery th { overflow-wrap: normal; }
        .battery tbody th { min-width: 7.5rem; }
        .battery td.text { white-space: nowrap; }
        .battery .wrong { font-weight: 700; text-decoration: underline; }
        .tests th:first-child { min-width: 9.5rem; }
        .tests td { white-space: nowrap; }
        .tests td.text { white-space: normal; }
        td.text { overflow-wrap: anywhere; }
        .provenance th { width: 14rem; font-weight: 600; text-align: left; }
        .provenance td { text-align: left; overflow-wrap: anywhere; }
        figure { margin: 0 0 2.6rem; break-inside: avoid; }
        .card { background: #ffffff; border: 1px solid var(--line); border-radius: 6px; padding: 0.9rem; }
        .card img { display: block; width: 100%; height: auto; margin: 0 auto; }
        figcaption { margin-top: 0.8rem; font-size: 0.95rem; line-height: 1.55; overflow-wrap: anywhere; }
        .files { display: block; margin-top: 0.3rem; font-size: 0.8rem; color: var(--soft); }
        .files a + a { margin-left: 0.9rem; }
        ul { margin: 0 0 1rem; padding-left: 1.25rem; }
        li { margin-bottom: 0.4rem; overflow-wrap: anywhere; }
        code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace; font-size: 0.85rem; }
        pre { background: var(--tint); border: 1px solid var(--line); border-radius: 6px; padding: 0.8rem 1rem; margin: 0 0 1.2rem; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5; }
        footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 0.82rem; color: var(--soft); }
        @media (max-width: 38rem) {
          body { font-size: 16px; }
          main { padding: 1.8rem 1rem 3rem; }
          h1 { font-size: 1.55rem; }
          .answer { font-size: 1.06rem; }
          .card { padding: 0.4rem; margin: 0 -0.4rem; }
          .stack, .stack tbody, .stack tr, .stack td, .stack tbody th { display: block; width: 100%; }
          .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          .stack tr { padding: 0.7rem 0; }
          .stack tbody tr + tr { border-top: 1px solid var(--line); }
          .stack tbody tr > * { border: 0; padding: 0.12rem 0.1rem; }
          .stack td { display: flex; justify-content: space-between; gap: 1rem; text-align: right; }
          .stack td::before { content: attr(data-name); color: var(--soft); text-align: left; }
          .stack td.text { display: block; text-align: left; }
          .stack td.text::before { content: none; }
          .stack td small { display: inline; margin-left: 0.4rem; }
          .stack .empty { display: none; }
          .provenance th, .tests th:first-child, .battery tbody th { width: auto; min-width: 0; }
        }
        /* Tables of numbers may be wider than the text where the screen is. */
        @media screen and (min-width: 64rem) {
          .scroll:not(:has(.tests)) { position: relative; left: 50%; transform: translateX(-50%); width: max-content; min-width: 100%; max-width: calc(100vw - 5rem); }
        }
        @media print {
          :root { --ink: #000; --soft: #444; --line: #bbb; --strong: #000; --paper: #fff; --tint: #f6f6f6; --link: #000; }
          body { font-size: 10.5pt; }
          main { max-width: none; padding: 0; }
          h2 { break-after: avoid; }
          tr, pre { break-inside: avoid; }
          .scroll { overflow: visible; }
          table { font-size: 7pt; }
          th, td { padding: 0.25rem 0.22rem; overflow-wrap: anywhere; }
          .card { border: 0; padding: 0; max-width: 12cm; margin: 0 auto; }
          .tall .card { max-width: 10cm; }
        }
        @page { margin: 18mm; }

        """;
}
