// Drives the official openai package against a gateway; prints what it saw as one JSON object for the Python test.
import OpenAI from "openai";

const [url, key] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const messages = [{ role: "user", content: "Hello there" }];
const tools = [{
  type: "function",
  function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
}];
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const pixel = "data:image/png;base64,iVBORw0KGgo=";
const forced = { type: "function", function: { name: "weather" } };

async function failure(ask) {
  try {
    await ask();
    return "answered";
  } catch (error) {
    return `${error.constructor.name} ${error.status} ${error.code}`;
  }
}

async function talk(model) {
  const seen = {};
  const plain = await client.chat.completions.create({ model, messages });
  seen.plain = [plain.model, plain.choices[0].finish_reason, plain.choices[0].message.content, plain._request_id.length];

  let text = "";
  let finish = null;
  let total = 0;
  const options = { stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client.chat.completions.create({ model, messages, ...options })) {
    text += chunk.choices[0]?.delta?.content ?? "";
    finish = chunk.choices[0]?.finish_reason ?? finish;
    total = chunk.usage?.total_tokens ?? total;
  }
  seen.stream = [finish, text, total > 0];

  const called = await client.chat.completions.create({ model, messages, tools, tool_choice: forced });
  seen.tool = called.choices[0].message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  const runner = client.chat.completions.stream({ model, messages, tools, tool_choice: forced });
  const final = await runner.finalChatCompletion();
  seen.toolStream = final.choices[0].message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);

  const format = { type: "json_schema", json_schema: { name: "answer", schema, strict: true } };
  const structured = await client.chat.completions.create({ model, messages, response_format: format });
  seen.structured = Object.keys(JSON.parse(structured.choices[0].message.content));

  const content = [{ type: "text", text: "What is this?" }, { type: "image_url", image_url: { url: pixel } }];
  const image = await client.chat.completions.create({ model, messages: [{ role: "user", content }] });
  seen.image = image.choices[0].finish_reason;
  return seen;
}

const seen = { models: [] };
for (const model of ["gpt", "claude", "gemini"]) seen[model] = await talk(model);
for await (const model of await client.models.list()) seen.models.push(model.id);
seen.embedding = (await client.embeddings.create({ model: "embedder", input: ["a", "b"] })).data.map((d) => typeof d.embedding[0]);
const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: "hw-no", maxRetries: 0 });
seen.errors = [
  await failure(() => client.chat.completions.create({ model: "nobody", messages })),
  await failure(() => client.chat.completions.create({ model: "gpt", messages: [] })),
  await failure(() => stranger.chat.completions.create({ model: "gpt", messages })),
  await failure(() => client.chat.completions.create({ model: "limited", messages })),
  await failure(() => client.chat.completions.create({ model: "down", messages })),
  await failure(async () => {
    for await (const _ of await client.chat.completions.create({ model: "cut", messages, stream: true }));
  }),
];
console.log(JSON.stringify(seen));
