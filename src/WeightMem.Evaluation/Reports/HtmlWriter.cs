using System.Text;

namespace WeightMem.Evaluation.Reports;

/// <summary>
/// Writes HTML in which every text and every attribute is escaped: there is no way to put markup in through a value. Elements close
/// themselves when their content has been written.
/// </summary>
internal sealed class HtmlWriter
{
    private readonly StringBuilder html = new();

    /// <summary>Starts the document.</summary>
    public HtmlWriter() => html.Append("<!DOCTYPE html>\n");

    /// <summary>Writes an element with a body.</summary>
    public HtmlWriter Element(string name, Action body, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        Open(name, attributes);
        body();
        html.Append("</").Append(name).Append('>');
        return this;
    }

    /// <summary>Writes an element that holds only text.</summary>
    public HtmlWriter Element(string name, string text, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        Open(name, attributes);
        Text(text);
        html.Append("</").Append(name).Append('>');
        return this;
    }

    /// <summary>Writes an element that has no body and no closing tag, such as an image.</summary>
    public HtmlWriter Void(string name, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        Open(name, attributes);
        return this;
    }

    /// <summary>Writes text.</summary>
    public HtmlWriter Text(string text)
    {
        foreach (char c in text)
        {
            switch (c)
            {
                case '&': html.Append("&amp;"); break;
                case '<': html.Append("&lt;"); break;
                case '>': html.Append("&gt;"); break;
                case '"': html.Append("&quot;"); break;
                case '\'': html.Append("&#39;"); break;
                default: html.Append(char.IsControl(c) && c is not ('\n' or '\t') ? ' ' : c); break;
            }
        }

        return this;
    }

    /// <summary>Writes a line break in the source, for people who read it.</summary>
    public HtmlWriter Line()
    {
        html.Append('\n');
        return this;
    }

    /// <summary>Writes a style sheet, which comes from this assembly only.</summary>
    public HtmlWriter Style(string sheet)
    {
        html.Append("<style>\n").Append(sheet).Append("</style>\n");
        return this;
    }

    /// <summary>
    /// The address of a file given by its relative path: every part percent-encoded, so that no name can turn into another scheme or
    /// leave the folder's page.
    /// </summary>
    public static string RelativeAddress(string path) =>
        string.Join('/', path.Replace('\\', '/').Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.EscapeDataString));

    /// <summary>The document so far.</summary>
    public override string ToString() => html.ToString();

    private void Open(string name, ReadOnlySpan<(string Name, string Value)> attributes)
    {
        html.Append('<').Append(name);
        foreach ((string attribute, string value) in attributes)
        {
            html.Append(' ').Append(attribute).Append("=\"");
            Text(value);
            html.Append('"');
        }

        html.Append('>');
    }
}
