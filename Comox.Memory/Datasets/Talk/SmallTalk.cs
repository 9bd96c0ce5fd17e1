using Comox.Memory.Datasets.Words;

namespace Comox.Memory.Datasets.Talk;

/// <summary>What people say that is about nothing to remember.</summary>
internal sealed class SmallTalk(WordLists lists)
{
    private readonly Dictionary<string, IReadOnlyList<string>> _says = lists.Folder("talk").Where(list => list["say"].Count > 0).ToDictionary(list => list.Name, list => list["say"], StringComparer.Ordinal);

    /// <summary>What a person says: <c>greetings</c>, <c>howareyou</c>, <c>world</c> …</summary>
    public IReadOnlyList<string> this[string kind] => _says[kind];

    /// <summary>Short sentences that answer nearly any remark.</summary>
    public IReadOnlyList<string> Replies => _says["chat_replies"];
}
