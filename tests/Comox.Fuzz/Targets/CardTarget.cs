using System.Buffers.Binary;
using System.Text;
using Comox.Memory.Cards;
using Comox.Memory.Identity;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Fuzz.Targets;

/// <summary>Character cards as JSON and inside PNGs, up to the first prompt that is made of them.</summary>
internal sealed class CardTarget : IFuzzTarget
{
    private const int MaxBytes = 1 << 20;

    private static readonly string[] Seeds =
    [
        .. ExampleCharacters.Cards(),
        """{"name":"Ada","description":"d","personality":"p","scenario":"s","first_mes":"Hi {{user}}!","mes_example":"<START>\n{{user}}: a\n{{char}}: b"}""",
        """{"spec":"chara_card_v2","spec_version":"2.0","data":{"name":"Ada","tags":["x"],"alternate_greetings":["Hi."],"extensions":{"comox":{"style":"Says \"hm\" first."}}}}""",
        """{"spec":"chara_card_v3","spec_version":"3.1","data":{"name":"Ada","nickname":"Countess","system_prompt":"{{original}}","post_history_instructions":"Rhyme.","character_book":{"entries":[{"keys":["sea"],"content":"c","enabled":true,"constant":true,"insertion_order":1e3,"extensions":{}}]}}}""",
    ];

    private static readonly string[] Tokens =
    [
        ",", "{", "}", "[", "]", "\"", "\\", "null", "true", "0", "1e999", "-1e400", "\"\\ud800\"", "\\ud83d", "\\u0000", "\"name\":", "\"name\":\"\"", "\"spec\":null,", "\"spec\":\"chara_card_v3\",", "\"data\":",
        "\"spec_version\":\"NaN\",", "\"spec_version\":\"1e999\",", "\"\\ud83d\":1,", "\"character_book\":{\"entries\":[", "\"insertion_order\":1e999,", "\"extensions\":", "{{char}}", "{{user}}", "<BOT>", "/*x*/", "//\n", "\uFEFF",
        "\u00e9", "\ud83d\udc4b", "\u200d", "\"nickname\":\"  \",", "\"nickname\":\"The\",",
    ];

    private static readonly StandardFormat Format = new();

    public string Name => "card";

    public string Promise => "a card that prompts can be made of, or an invalid_card error";

    public byte[] Make(Random random)
    {
        var json = Encoding.UTF8.GetBytes(random.Pick(Seeds));
        if (random.Next(8) != 0)
            json = Mutations.Of(json, Tokens, random);
        switch (random.Next(4))
        {
            case 0:
                return Png(json, random);
            case 1:
                return Mutations.Of(Png(json, random), ["tEXt", "IEND", "chara\0", "ccv3\0", "=", "\0\0\0\0", "\u00ff\u00ff\u00ff\u00ff"], random);
            default:
                return json;
        }
    }

    public Verdict Check(byte[] input, Random random)
    {
        var upload = UploadedCard.Of(input, MaxBytes);
        if (!upload.IsSuccess)
            return Refused(upload.Error, "upload");
        var read = CardReader.Read(upload.Value.Json);
        if (!read.IsSuccess)
            return Refused(read.Error, "card");

        var card = read.Value;
        if (card.Name.Trim().Length is 0 or > 200)
            return Verdict.Broken($"it was accepted with the name '{card.Name}'.");
        if (Slugs.From(card.Name).Length == 0)
            return Verdict.Broken($"the name '{card.Name}' has no slug.");
        var prompt = Format.Assemble(Parts(card));
        if (!prompt.IsSuccess && prompt.Error.Code != ErrorCodes.ContextLengthExceeded)
            return Verdict.Broken($"the prompt refuses it: {prompt.Error}");
        foreach (var greeting in card.Greetings)
            CardMacros.Expand(greeting, card.SpokenName, "Mara");
        return Verdict.Kept(upload.Value.Png is null ? "accepted, JSON" : "accepted, PNG");
    }

    private static Verdict Refused(ApiError error, string where) =>
        error is { Status: 400, Code: ErrorCodes.InvalidCard } ? Verdict.Kept($"refused, {where}") : Verdict.Broken($"not an invalid_card error: {error}");

    private static PromptParts Parts(CharacterCard card) => new()
    {
        Card = card,
        User = UserName.For("mara", []),
        Profile = PromptProfile.Standard,
        Line = [new LineTurn("t1", "assistant", card.FirstMessage, 1), new LineTurn("t2", "user", "Hello!", 2)],
        Recalled = [],
    };

    private static byte[] Png(byte[] json, Random random)
    {
        var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Chunk(png, "IHDR", [0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
        Chunk(png, "tEXt", [.. Encoding.Latin1.GetBytes(random.Pick(["chara", "ccv3", "Chara"])), 0, .. Encoding.Latin1.GetBytes(Convert.ToBase64String(json))]);
        Chunk(png, "IEND", []);
        return png.ToArray();
    }

    private static void Chunk(MemoryStream png, string type, byte[] data)
    {
        byte[] typed = [.. Encoding.ASCII.GetBytes(type), .. data];
        var number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(typed);
        BinaryPrimitives.WriteUInt32BigEndian(number, PngChecksum.Of(typed));
        png.Write(number);
    }
}
